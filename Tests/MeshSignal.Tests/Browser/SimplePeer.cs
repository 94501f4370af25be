using System.Runtime.CompilerServices;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Browser;

/// <summary>simple-peer, which brings its own WebRTC and has others do the signaling.</summary>
internal static class SimplePeer
{
    /// <summary>Who was there first initiates; every signal goes as it is.</summary>
    public const string Join =
        """
        async username => {
          const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 160, height: 120, frameRate: 5 } });
          const signaling = new MeshSignal.Signaling({ username, room: 'den' });
          Object.assign(window, { peers: new Map(), received: [], errors: [] });
          const meet = (name, initiator) => {
            const peer = new SimplePeer({ initiator, stream });
            peers.set(name, peer);
            peer.on('signal', signal => signaling.signal(name, signal).catch(error => errors.push(error.code)));
            peer.on('connect', () => peer.send(`hello from ${username}`));
            peer.on('data', data => received.push(new TextDecoder().decode(data)));
            peer.on('error', error => errors.push(error.code));
          };
          signaling.addEventListener('webrtc-peer-joined', ({ detail }) => meet(detail.username, true));
          signaling.addEventListener('webrtc-signal', ({ detail }) => peers.get(detail.fromUsername).signal(detail.signal));
          await signaling.open();
          const { participants, peerId } = await signaling.join({ mediaTypes: ['audio', 'video'] });
          for (const participant of participants) if (participant.peerId !== peerId) meet(participant.username, false);
        }
        """;

    /// <summary>Where it is; ends the test as ignored where it is not installed.</summary>
    public static string RequireScript([CallerFilePath] string path = "")
    {
        var script = Path.GetFullPath(Path.Combine(path, "../../Clients/node_modules/simple-peer/simplepeer.min.js"));
        if (!File.Exists(script))
            Missing.EndTest("The package simple-peer is not installed; Tests/run.sh installs it.");
        return script;
    }
}
