using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>Whether an RTCPeerConnection receives media, by what the browser itself counts.</summary>
internal static class MediaFlow
{
    private static readonly string[] _sound = ["packets"];
    private static readonly string[] _everything = ["packets", "bytes", "frames"];

    /// <summary>Truthy, namely the count, once all that is looked for is well beyond the count before.</summary>
    private const string Beyond =
        """
        async ({ connection, keys, before }) => {
          const count = { bytes: 0, frames: 0, packets: 0 };
          for (const report of (await connection.getStats()).values()) {
            if (report.type !== 'inbound-rtp') continue;
            if (report.kind === 'audio') count.packets += report.packetsReceived;
            else [count.bytes, count.frames] = [count.bytes + report.bytesReceived, count.frames + (report.framesDecoded ?? 0)];
          }
          const grown = key => count[key] >= (before?.[key] ?? 0) + 5;
          return keys.every(grown) && count;
        }
        """;

    /// <summary>Waits for video that is decoded and for audio, and then for more of both.</summary>
    public static Task ExpectAsync(IPage page, IJSHandle connection) => ExpectAsync(page, connection, _everything);

    /// <summary>Waits for audio, and then for more of it.</summary>
    public static Task ExpectSoundAsync(IPage page, IJSHandle connection) => ExpectAsync(page, connection, _sound);

    private static async Task ExpectAsync(IPage page, IJSHandle connection, string[] keys)
    {
        var before = await BeyondAsync(page, connection, keys, null);
        await BeyondAsync(page, connection, keys, before);
    }

    private static Task<IJSHandle> BeyondAsync(IPage page, IJSHandle connection, string[] keys, IJSHandle? before) =>
        page.WaitForFunctionAsync(Beyond, new { connection, keys, before }, new() { PollingInterval = 100 });
}
