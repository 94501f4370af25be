using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>Whether an RTCPeerConnection receives media, by what the browser itself counts.</summary>
internal static class MediaFlow
{
    /// <summary>Truthy, namely the count, once everything is well beyond the count before.</summary>
    private const string Beyond =
        """
        async ({ connection, before }) => {
          const count = { bytes: 0, frames: 0, packets: 0 };
          for (const report of (await connection.getStats()).values()) {
            if (report.type !== 'inbound-rtp') continue;
            if (report.kind === 'audio') count.packets += report.packetsReceived;
            else [count.bytes, count.frames] = [count.bytes + report.bytesReceived, count.frames + (report.framesDecoded ?? 0)];
          }
          const grown = key => count[key] >= (before?.[key] ?? 0) + 5;
          return Object.keys(count).every(grown) && count;
        }
        """;

    /// <summary>Waits for video that is decoded and for audio, and then for more of both.</summary>
    public static async Task ExpectAsync(IPage page, IJSHandle connection)
    {
        var before = await BeyondAsync(page, connection, null);
        await BeyondAsync(page, connection, before);
    }

    private static Task<IJSHandle> BeyondAsync(IPage page, IJSHandle connection, IJSHandle? before) =>
        page.WaitForFunctionAsync(Beyond, new { connection, before }, new() { PollingInterval = 100 });
}
