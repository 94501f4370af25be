using System.Text.Json;
using System.Text.Json.Nodes;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Support;

/// <summary>A peer that speaks the wire protocol, so that a test reads like a transcript.</summary>
internal sealed class TestPeer(IClientSocket socket, Profile profile) : IDisposable
{
    /// <summary>Far above what anything here takes; it only ends tests that would wait for ever.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly List<JsonElement> _received = [];

    public IClientSocket Socket => socket;

    public InMemorySocket InMemory => (InMemorySocket)socket;

    public Profile Profile => profile;

    /// <summary>Completes when the server has done all that there is to do about this socket, which takes that it has ended.</summary>
    public Task Served { get; init; } = Task.CompletedTask;

    /// <summary>The name that the server gave it.</summary>
    public string Name { get; private set; } = "";

    public string Token { get; private set; } = "";

    /// <summary>Its current stay in a room.</summary>
    public string PeerId { get; private set; } = "";

    /// <summary>Every message that has been read, in order.</summary>
    public IReadOnlyList<JsonElement> Received => _received;

    /// <summary>How many messages of its session have arrived at this socket: all but the one that brings the token.</summary>
    public int Counted => _received.Count(message => message.Text("type") != MessageTypes.SessionToken);

    /// <summary>Reads what the server says first, so that a test begins behind it.</summary>
    public async Task<TestPeer> GreetedAsync(bool withChat)
    {
        Adopt(await ExpectAsync(MessageTypes.SessionToken));
        await ExpectAsync(MessageTypes.HeartbeatConfig);
        if (withChat)
        {
            await ExpectAsync(MessageTypes.History);
            await ExpectSystemAsync($"{Name} has joined.");
        }

        return this;
    }

    /// <summary>Reads the same up to the history, and gives its lines; what a client with chat sees next is its own arrival.</summary>
    public async Task<List<JsonElement>> GreetedUpToHistoryAsync()
    {
        await GreetedAsync(withChat: false);
        return [.. (await ExpectAsync(MessageTypes.History)).GetProperty("messages").EnumerateArray()];
    }

    /// <summary>Takes name and token from a <c>session-token</c> that has been read.</summary>
    public void Adopt(JsonElement greeting) => (Name, Token) = (greeting.Text("username"), greeting.Text("token"));

    /// <summary>Sends a message of the type, with the session's token and the members of <paramref name="fields"/>.</summary>
    public Task SendAsync(string type, object? fields = null)
    {
        var message = fields is null ? [] : JsonSerializer.SerializeToNode(fields)!.AsObject();
        message.Insert(0, "type", type);
        if (!message.ContainsKey("token"))
            message.Insert(1, "token", Token);
        return SendRawAsync(message.ToJsonString());
    }

    public Task SendRawAsync(string text) => socket.SendAsync(text);

    /// <summary>Joins a room and reads the answer.</summary>
    public async Task<JsonElement> JoinAsync(string? room = null, params string[] mediaTypes)
    {
        await SendAsync(MessageTypes.Join, new JsonObject
        {
            ["mediaTypes"] = new JsonArray([.. (mediaTypes is [] ? ["audio"] : mediaTypes).Select(type => JsonValue.Create(type))]),
            ["room"] = room ?? "lobby",
        });
        var joined = await ExpectAsync(MessageTypes.Joined);
        PeerId = joined.Text("peerId");
        return joined;
    }

    public Task OfferAsync(string to, string sdp = "v=0", object? id = null) => DescribeAsync(MessageTypes.Offer, to, "offer", sdp, id);

    public Task AnswerAsync(string to, string sdp = "v=0", object? id = null) => DescribeAsync(MessageTypes.Answer, to, "answer", sdp, id);

    public Task CandidateAsync(string to, string candidate, bool? buffer = null, object? id = null)
    {
        Secrets.Add(candidate);
        var message = Directed(to, id, "candidate", new JsonObject { ["candidate"] = candidate });
        if (buffer is { } value)
            message["buffer"] = value;
        return SendAsync(MessageTypes.IceCandidate, message);
    }

    public Task LeaveAsync(object? id = null) => SendAsync(MessageTypes.Leave, id is null ? null : new { id });

    public Task SayAsync(string text) => SendAsync(MessageTypes.Chat, new { content = text });

    /// <summary>The next message, which must be of the type.</summary>
    public async Task<JsonElement> ExpectAsync(string type)
    {
        var message = await ReceiveAsync();
        Assert.That(message.Text("type"), Is.EqualTo(type), $"{Name} got {message}");
        return message;
    }

    /// <param name="id">Of the request that it answers; without it an id is not looked for.</param>
    public async Task<JsonElement> ExpectErrorAsync(ErrorCode code, object? id = null)
    {
        var error = await ExpectAsync(MessageTypes.Error);
        Assert.That(error.Text("code"), Is.EqualTo(code.Wire), error.ToString());
        if (id is not null)
            AssertId(error, id);
        return error;
    }

    public async Task ExpectAckAsync(object id) => AssertId(await ExpectAsync(MessageTypes.Ack), id);

    public async Task ExpectChatAsync(string from, string text)
    {
        var message = await ExpectAsync(MessageTypes.Chat);
        Assert.That((message.Text("username"), message.Text("text")), Is.EqualTo((from, text)));
    }

    public async Task ExpectSystemAsync(string text)
    {
        var message = await ExpectAsync(MessageTypes.System);
        Assert.That(message.Text("text"), Is.EqualTo(text));
    }

    /// <summary>The next message, which must be this candidate of that peer.</summary>
    public async Task ExpectCandidateAsync(string from, string candidate)
    {
        var message = await ExpectAsync(MessageTypes.IceCandidate);
        Assert.That((message.Text("fromUsername"), message.GetProperty("candidate").Text("candidate")), Is.EqualTo((from, candidate)));
    }

    /// <summary>All that came before this call has been handled, and nothing of it was for this peer: the next message is the pong.</summary>
    public async Task ExpectNothingAsync()
    {
        await SendAsync(MessageTypes.Ping);
        await ExpectAsync(MessageTypes.Pong);
    }

    /// <summary>Waits until the server has handled all that this peer has sent, whatever the server said meanwhile.</summary>
    public Task SettleAsync() => ReceiveAllAsync();

    /// <summary>All that comes until everything this peer has sent is handled, the pong that proves it not included.</summary>
    public async Task<List<JsonElement>> ReceiveAllAsync()
    {
        await SendAsync(MessageTypes.Ping);
        var messages = new List<JsonElement>();
        while (true)
        {
            var message = await ReceiveAsync();
            if (message.Text("type") == MessageTypes.Pong)
                return messages;
            messages.Add(message);
        }
    }

    /// <summary>The close code; messages before it are passed over.</summary>
    public async Task<int> ExpectCloseAsync()
    {
        while (true)
        {
            var received = await socket.ReceiveInTimeAsync();
            if (received.Text is null)
                return received.CloseCode;
            Keep(received.Text);
        }
    }

    /// <summary>Closed for this reason; messages before it are passed over.</summary>
    public async Task ExpectCloseAsync(CloseCode code) => Assert.That(await ExpectCloseAsync(), Is.EqualTo((int)code));

    /// <summary>Its connection is cut, without a Close, and the server has noticed.</summary>
    public Task LoseSocketAsync()
    {
        socket.Abort();
        return Served.WaitAsync(Timeout);
    }

    /// <summary>Closed for this reason, with no message before it.</summary>
    public async Task ExpectCloseAfterNothingAsync(CloseCode code)
    {
        var received = await socket.ReceiveInTimeAsync();
        Assert.That((received.Text, received.CloseCode), Is.EqualTo(((string?)null, (int)code)));
    }

    public async Task<JsonElement> ReceiveAsync()
    {
        var received = await socket.ReceiveInTimeAsync();
        Assert.That(received.Text, Is.Not.Null, $"{Name} was closed: {received.CloseCode} {received.CloseReason}");
        return Keep(received.Text!);
    }

    public Task CloseAsync() => socket.CloseAsync();

    public void Dispose() => socket.Dispose();

    private JsonElement Keep(string text)
    {
        var message = JsonElement.Parse(text);
        _received.Add(message);
        if (message.Text("type") == MessageTypes.SessionToken)
            Secrets.Add(message.Text("token"));
        var iceServers = message.Has("config") ? message.GetProperty("config") : message;
        if (iceServers.Has("iceServers"))
            foreach (var iceServer in iceServers.GetProperty("iceServers").EnumerateArray().Where(static one => one.Has("credential")))
                Array.ForEach([iceServer.Text("username"), iceServer.Text("credential")], Secrets.Add);
        return message;
    }

    /// <summary>A number comes back as a number, and a text as a text.</summary>
    private static void AssertId(JsonElement answer, object id) =>
        Assert.That(answer.GetProperty("id").GetRawText(), Is.EqualTo(JsonSerializer.Serialize(id)), answer.ToString());

    private Task DescribeAsync(string type, string to, string payload, string sdp, object? id)
    {
        Secrets.Add(sdp);
        return SendAsync(type, Directed(to, id, payload, new JsonObject { ["type"] = payload, ["sdp"] = sdp }));
    }

    private static JsonObject Directed(string to, object? id, string payload, JsonNode value)
    {
        var message = new JsonObject { ["targetUsername"] = to, [payload] = value };
        if (id is not null)
            message["id"] = JsonSerializer.SerializeToNode(id);
        return message;
    }
}
