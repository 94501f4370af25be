using System.Net;
using System.Text;

namespace MeshSignal.Bench.Load;

/// <summary>Clients that do what they should not. Each knows what it must get for it.</summary>
internal static class Nuisance
{
    private const long FloodBytes = 6_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly string[] WrongTexts =
    [
        "null", "[]", "{", "7", "\"text\"", "{}", """{"type":7}""", """{"type":"webrtc-join","type":"ping"}""", """{"type":"webrtc-offer"}""",
        """{"type":"no-such-type","token":""}""", """{"type":"chat","token":null,"content":{}}""",
        new string('[', 40), new string('[', 5000), "{\"a\":" + new string('{', 3000),
    ];

    /// <summary>The kinds take turns. Returns what went wrong, null if it went as it should.</summary>
    public static async Task<string?> RunAsync(IPEndPoint server, int number, CancellationToken cancel)
    {
        var random = new Random(number);
        return (number % 4) switch
        {
            0 => await FrameAsync(server, number, random, cancel),
            1 => await MessagesAsync(server, number, random, cancel),
            2 => await OversizedAsync(server, number, cancel),
            _ => await SlowAsync(server, number, cancel),
        };
    }

    /// <summary>Bytes that are no frame, and not masked: 1002, whatever comes first.</summary>
    private static async Task<string?> FrameAsync(IPEndPoint server, int number, Random random, CancellationToken cancel)
    {
        using var peer = new LightPeer(server, $"frame-{number}", "nuisances");
        await peer.ConnectAsync(cancel);
        var bytes = new byte[64];
        random.NextBytes(bytes);
        bytes[1] &= 0x7f;
        await peer.SendAsync(bytes);
        var code = await peer.Ended.WaitAsync(Patience, TimeProvider.System, cancel);
        return code == 1002 ? null : $"{peer.Name}: random bytes were closed with {code}";
    }

    /// <summary>Texts that are no messages: each an error, and the connection stays.</summary>
    private static async Task<string?> MessagesAsync(IPEndPoint server, int number, Random random, CancellationToken cancel)
    {
        using var peer = new LightPeer(server, $"message-{number}", "nuisances", isLegacy: number % 8 == 1);
        await peer.ConnectAsync(cancel);

        // 20 wrong tokens would be a reason to close.
        for (var i = 0; i < 15; i++) await peer.SendAsync(Frame.Build(Frame.Text, Encoding.UTF8.GetBytes(WrongTexts[random.Next(WrongTexts.Length)])));
        if (!peer.IsLegacy) await peer.AskAsync("ping");
        return await peer.CloseAsync() is var code and not 1000 ? $"{peer.Name}: wrong messages were closed with {code}" : null;
    }

    /// <summary>A frame of which only the beginning comes, but which declares more than a message may have: 1009.</summary>
    private static async Task<string?> OversizedAsync(IPEndPoint server, int number, CancellationToken cancel)
    {
        using var peer = new LightPeer(server, $"large-{number}", "nuisances");
        await peer.ConnectAsync(cancel);
        var bytes = new byte[20_000];
        ((byte[])[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1]).CopyTo(bytes, 0);
        await peer.SendAsync(bytes);
        var code = await peer.Ended.WaitAsync(Patience, TimeProvider.System, cancel);
        return code == 1009 ? null : $"{peer.Name}: an oversized message was closed with {code}";
    }

    /// <summary>Somebody who does not read while another sends: closed with 4040, or torn down, as a socket that takes nothing must be.</summary>
    private static async Task<string?> SlowAsync(IPEndPoint server, int number, CancellationToken cancel)
    {
        using var flood = new Flood(server, $"flood-{number}");
        await flood.ConnectAsync(cancel);
        await flood.OfferAsync(FloodBytes, cancel);

        await Task.Delay(Patience, TimeProvider.System, cancel);
        var code = await flood.EndAsync().WaitAsync(Patience, TimeProvider.System, cancel);
        return code is 4040 or LightPeer.NoCode ? null : $"flood {number}: who did not read was closed with {code}";
    }
}
