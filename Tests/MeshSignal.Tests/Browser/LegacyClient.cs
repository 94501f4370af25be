using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>
/// A client of the js-chat-server kind, in a browser: no subprotocol, no peer ids, whoever is there offers, a newcomer waits, candidates bear <c>buffer</c>,
/// and those that come before there is a remote description are lost.
/// </summary>
internal sealed class LegacyClient
{
    private const string Script =
        """
        name => new Promise(async (joined, failed) => {
          const client = window.client = { connection: null, offersReceived: 0, answeredCandidates: 0, lostCandidates: 0, strange: [], errors: [] };
          const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
          const socket = client.socket = new WebSocket(`ws://${location.host}/?username=${name}`);
          let token, config;
          const send = client.send = (type, fields) => socket.send(JSON.stringify({ type, token, ...fields }));
          const connect = targetUsername => {
            const connection = client.connection = new RTCPeerConnection({ iceServers: config.iceServers });
            stream.getTracks().forEach(track => connection.addTrack(track, stream));
            connection.onicecandidate = ({ candidate }) => {
              if (candidate) send('webrtc-ice-candidate', { targetUsername, candidate, buffer: connection.remoteDescription === null });
            };
            return connection;
          };
          const handlers = {
            'session-token': message => { token = message.token; send('webrtc-join', { mediaTypes: ['audio', 'video'] }); },
            'webrtc-joined': message => { config = message.config; joined(); },
            'webrtc-peer-joined': async ({ username }) => {
              const connection = connect(username);
              const offer = await connection.createOffer();
              await connection.setLocalDescription(offer);
              send('webrtc-offer', { targetUsername: username, offer });
            },
            'webrtc-offer': async ({ fromUsername, offer }) => {
              client.offersReceived++;
              const connection = connect(fromUsername);
              await connection.setRemoteDescription(offer);
              const answer = await connection.createAnswer();
              await connection.setLocalDescription(answer);
              send('webrtc-answer', { targetUsername: fromUsername, answer });
            },
            'webrtc-answer': async ({ answer }) => {
              client.answeredCandidates = answer.sdp.split('a=candidate:').length - 1;
              await client.connection.setRemoteDescription(answer);
            },
            'webrtc-ice-candidate': async ({ candidate }) => {
              if (client.connection?.remoteDescription) await client.connection.addIceCandidate(candidate);
              else client.lostCandidates++;
            },
            'webrtc-peer-left': () => { client.connection.close(); client.connection = null; },
            'webrtc-error': ({ error }) => client.errors.push(error),
          };
          for (const type of ['heartbeat-config', 'history', 'system', 'chat', 'pong']) handlers[type] = () => {};
          socket.onmessage = async ({ data }) => {
            const message = JSON.parse(data);
            try { await (handlers[message.type] ?? (() => client.strange.push(message.type)))(message); }
            catch (error) { client.errors.push(String(error)); }
          };
          socket.onclose = ({ code }) => failed(new Error(`closed with ${code}`));
        })
        """;

    private readonly IPage _page;

    private LegacyClient(IPage page) => _page = page;

    public static async Task<LegacyClient> JoinAsync(IPage page, string name)
    {
        await page.EvaluateAsync(Script, name);
        return new LegacyClient(page);
    }

    /// <summary>Waits until it has a connection, and media comes over it and keeps coming.</summary>
    public async Task ReceivesAsync() => await MediaFlow.ExpectAsync(_page, await _page.WaitForFunctionAsync("() => client.connection"));

    public Task<int> OffersReceivedAsync() => _page.EvaluateAsync<int>("() => client.offersReceived");

    public Task<int> LostCandidatesAsync() => _page.EvaluateAsync<int>("() => client.lostCandidates");

    /// <summary>Those inside the answer it got, which cannot be lost.</summary>
    public Task<int> AnsweredCandidatesAsync() => _page.EvaluateAsync<int>("() => client.answeredCandidates");

    /// <summary>Messages of a type that these clients would print, being unknown to them, and errors.</summary>
    public Task<string[]> ComplaintsAsync() => _page.EvaluateAsync<string[]>("() => [...client.strange, ...client.errors]");

    public Task LeaveAsync() => _page.EvaluateAsync("() => client.send('webrtc-leave')");

    public Task HasSeenTheOtherGoAsync() => _page.WaitForFunctionAsync("() => client.connection === null");
}
