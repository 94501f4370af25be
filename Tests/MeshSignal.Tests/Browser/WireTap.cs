using System.Text.Json;
using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>Scripts that run before a page's own, and what they have noted.</summary>
internal static class WireTap
{
    /// <summary>Notes every message that the page receives, and keeps the socket.</summary>
    public const string Record =
        """
        window.received = [];
        window.WebSocket = class extends WebSocket {
          constructor(...address) {
            super(...address);
            window.socket = this;
            this.addEventListener('message', ({ data }) => received.push(data));
          }
        };
        """;

    /// <summary>Makes the page a client that does not care for the policy: it looks for every path there is, and tells the others of all.</summary>
    public const string LookForEveryPath =
        """
        window.RTCPeerConnection = class extends RTCPeerConnection {
          constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'all' }); }
          setConfiguration(configuration) { super.setConfiguration({ ...configuration, iceTransportPolicy: 'all' }); }
        };
        """;

    /// <summary>All that the page has received since it was opened.</summary>
    public static async Task<JsonElement[]> ReceivedAsync(IPage page) =>
        [.. (await page.EvaluateAsync<string[]>("() => received")).Select(static text => JsonElement.Parse(text))];

    /// <summary>Waits for a <c>webrtc-error</c> of the code.</summary>
    public static Task IsToldAsync(IPage page, string code) => page.WaitForFunctionAsync(
        "code => received.map(JSON.parse).some(message => message.type === 'webrtc-error' && message.code === code)", code);
}
