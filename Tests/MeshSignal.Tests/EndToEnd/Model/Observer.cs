using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd.Model;

/// <summary>
/// One peer and all that it can know: its roster is built from <c>webrtc-joined</c>, <c>webrtc-peer-joined</c> and <c>webrtc-peer-left</c> alone. Whatever
/// comes is checked against that as it comes.
/// </summary>
internal sealed class Observer(TestServer server, Profile profile, string scope) : IDisposable
{
    private readonly List<string> _asked = [];
    private readonly List<string> _answered = [];
    private TestPeer? _peer;
    private int _requests;

    public bool IsConnected => _peer is not null;

    public Profile Profile => profile;

    public string Scope => scope;

    public string? Name { get; private set; }

    public string? PeerId { get; private set; }

    public string? Room { get; private set; }

    /// <summary>Names by peer id, itself included; empty outside of a room.</summary>
    public Dictionary<string, string> Roster { get; } = new(StringComparer.Ordinal);

    /// <summary>Relayed messages: type and sender.</summary>
    public List<(string Type, string From)> Relayed { get; } = [];

    /// <summary>False if the name is taken.</summary>
    public async Task<bool> ConnectAsync(string name)
    {
        var peer = server.Open(new ConnectionRequest(profile, name, scope, "on"));
        if ((await peer.ReceiveAsync()).Text("type") != MessageTypes.SessionToken)
        {
            Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.NameTaken));
            return false;
        }

        (_peer, Name) = (peer, name);
        peer.Adopt(peer.Received[0]);
        return true;
    }

    /// <summary>Sends a request, with an id if the profile has them.</summary>
    public Task SendAsync(string type, params (string Name, object? Value)[] fields)
    {
        var message = fields.ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal);
        if (profile == Profile.V1)
        {
            message["id"] = $"{++_requests}";
            _asked.Add($"{_requests}");
        }

        return _peer!.SendAsync(type, message);
    }

    public Task RelayAsync(string type, string to)
    {
        object payload = type == MessageTypes.Signal ? 1 : new { candidate = "x", sdp = "v=0" };
        var field = type switch { MessageTypes.Offer => "offer", MessageTypes.Answer => "answer", MessageTypes.IceCandidate => "candidate", _ => "signal" };
        return SendAsync(type, ("targetUsername", to), (field, payload), ("buffer", _requests % 2 == 0));
    }

    public async Task LeaveAsync()
    {
        await SendAsync(MessageTypes.Leave);
        await SettleAsync();
        if (profile == Profile.Legacy)
            ForgetRoom(); // No answer comes; what was sent before it took effect has come by now.
    }

    public async Task RenameAsync(string name)
    {
        await SendAsync(MessageTypes.Chat, ("content", $"/nick {name}"));
        var former = Name;
        await SettleAsync(message =>
        {
            if (message.Text("type") == MessageTypes.System && message.Text("text") == $"{former} is now {name}")
                Name = name;
        });
    }

    public async Task DisconnectAsync(bool closes)
    {
        var peer = _peer!;
        if (closes)
            await peer.CloseAsync();
        else
            peer.Socket.Abort();
        (_peer, Name) = (null, null);
        ForgetRoom();
        await peer.Served.WaitAsync(TestPeer.Timeout);
        _asked.Clear();
        _answered.Clear();
    }

    /// <summary>Takes in all that has come, and checks that each request that was sent has had its one first answer.</summary>
    public async Task SettleAsync(Action<JsonElement>? alsoSee = null)
    {
        foreach (var message in await _peer!.ReceiveAllAsync())
        {
            See(message);
            alsoSee?.Invoke(message);
        }

        Assert.That(_answered, Is.EqualTo(_asked), "one first answer for each request, in their order");
    }

    public void Dispose() => _peer?.Dispose();

    private void See(JsonElement message)
    {
        var type = message.Text("type");
        switch (type)
        {
            case MessageTypes.Joined:
                Assert.That(Room, Is.Null);
                (Room, PeerId) = (message.Text("room"), message.Text("peerId"));
                foreach (var participant in message.GetProperty("participants").EnumerateArray())
                    Roster.Add(participant.Text("peerId"), participant.Text("username"));
                Assert.That(Roster[PeerId], Is.EqualTo(Name));
                break;
            case MessageTypes.PeerJoined:
                Assert.That(message.Text("room"), Is.EqualTo(Room));
                Assert.That(Roster.TryAdd(message.Text("peerId"), message.Text("username")), Is.True, "joined twice");
                break;
            case MessageTypes.PeerLeft:
                Assert.That(message.Text("room"), Is.EqualTo(Room));
                Assert.That(Roster.Remove(message.Text("peerId")), Is.True, "left before it joined");
                break;
            case MessageTypes.Offer or MessageTypes.Answer or MessageTypes.IceCandidate or MessageTypes.Signal:
                Assert.That(Roster.GetValueOrDefault(message.Text("fromPeerId")), Is.EqualTo(message.Text("fromUsername")), "from one who is not in the room");
                Assert.That(message.Text("fromPeerId"), Is.Not.EqualTo(PeerId));
                Relayed.Add((type, message.Text("fromUsername")));
                break;
            case MessageTypes.Left:
                ForgetRoom();
                break;
        }

        // A candidate that was held and acknowledged may be dropped later, under the same id.
        if (message.TryGetProperty("id", out var id) && !(type == MessageTypes.Error && message.Text("code") == ErrorCode.CandidateDropped.Wire))
            _answered.Add(id.GetString()!);
    }

    private void ForgetRoom()
    {
        Roster.Clear();
        (Room, PeerId) = (null, null);
    }
}
