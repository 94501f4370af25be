using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>What came over a socket: a message, or its end with the server's close code, 1006 if there was none.</summary>
internal readonly record struct Heard(string? Text, int CloseCode = 0);

/// <summary>The input that went wrong is the caller's to know; what went wrong is told here.</summary>
internal sealed class FuzzFault(string what) : Exception(what);

/// <summary>The client's end of an open socket, whatever that is made of.</summary>
internal sealed class FuzzPeer(Profile profile, Func<string, Task> send, Func<Task<Heard>> hear)
{
    public Profile Profile => profile;

    public string Name { get; private set; } = "";

    public string Token { get; private set; } = "";

    /// <summary>How many messages of its session have arrived at this socket.</summary>
    public int Counted { get; private set; }

    /// <summary>Its last stay in a room.</summary>
    public string Stay { get; private set; } = new('0', 16);

    /// <summary>The room that it was last in forces relays.</summary>
    public bool IsRelayed { get; private set; }

    /// <summary>Its session is the one that another socket has had until now.</summary>
    /// <param name="received">How many messages had arrived before, as the server was told.</param>
    public void GoOnFrom(FuzzPeer former, int received)
    {
        (Stay, IsRelayed) = (former.Stay, former.IsRelayed);
        Counted += received;
    }

    public Task SendAsync(string text) => send(text);

    /// <exception cref="FuzzFault">The server said what it must not say.</exception>
    public async Task<(JsonElement Message, int CloseCode)> HearAsync()
    {
        var heard = await hear();
        if (heard.Text is null)
            return (default, heard.CloseCode);
        if (ServerSays.Fault(heard.Text, profile, out var message) is { } fault)
            throw new FuzzFault(fault);

        Counted++;
        switch (message.GetProperty("type").GetString())
        {
            case MessageTypes.SessionToken:
                Counted--;
                (Name, Token) = (message.GetProperty("username").GetString()!, message.GetProperty("token").GetString()!);
                break;
            case MessageTypes.Joined:
                (Stay, IsRelayed) = (message.GetProperty("peerId").GetString()!, message.GetProperty("config").GetProperty("forceRelay").GetBoolean());
                break;
        }

        return (message, 0);
    }

    /// <exception cref="FuzzFault">The socket was closed before such a message came, or none came.</exception>
    public async Task<JsonElement> HearAsync(string type, Func<JsonElement, bool>? isMeant = null)
    {
        try
        {
            // As a whole: what others send, and the server's pings, must not prolong it for ever.
            return await HearUpToAsync(type, isMeant).WaitAsync(FuzzSocket.Patience);
        }
        catch (TimeoutException)
        {
            throw new FuzzFault($"{Name} has waited for {type} in vain");
        }
    }

    private async Task<JsonElement> HearUpToAsync(string type, Func<JsonElement, bool>? isMeant)
    {
        while (true)
        {
            var (message, code) = await HearAsync();
            if (message.ValueKind == JsonValueKind.Undefined)
                throw new FuzzFault($"{Name} was closed with {code} when it waited for {type}");
            if (message.GetProperty("type").GetString() == type && (isMeant is null || isMeant(message)))
                return message;
        }
    }
}
