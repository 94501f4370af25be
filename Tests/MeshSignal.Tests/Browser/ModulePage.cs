using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>A page that imports meshsignal.js and makes a call with it, as other people's pages do. What the call tells is kept in <c>events</c>.</summary>
internal sealed class ModulePage
{
    // A small picture: what is tried here is not the encoder.
    private const string Join =
        """
        async options => {
          const media = { audio: true, video: { width: 160, height: 120, frameRate: 5 } };
          window.events = [];
          window.call = await MeshSignal.join({ room: 'den', media, ...options });
          for (const type of ['peerjoined', 'peerleft', 'peerstatus', 'track', 'message', 'chat', 'local', 'state', 'error']) {
            call.addEventListener(type, ({ detail }) => events.push({ type, ...detail, name: detail.peer?.username ?? detail.username, code: detail.code }));
          }
        }
        """;

    private ModulePage(IPage tab) => Tab = tab;

    public IPage Tab { get; }

    public static async Task<ModulePage> LoadAsync(IPage tab)
    {
        await tab.EvaluateAsync("async () => { window.MeshSignal = await import('/meshsignal.js'); }");
        return new ModulePage(tab);
    }

    /// <param name="options">Of <c>join</c>, the name at least.</param>
    public Task JoinAsync(object options) => Tab.EvaluateAsync(Join, options);

    /// <summary>The code of the error with which <c>join</c> rejects.</summary>
    public Task<string> RefusalAsync(object options) => Tab.EvaluateAsync<string>(
        "options => MeshSignal.join(options).then(() => 'joined', error => error instanceof Error ? error.code : 'no error')", options);

    public async Task ReceivesAsync(string other)
    {
        await WaitForAsync("name => ['direct', 'relayed'].includes(call.peers.get(name)?.status)", other);
        await MediaFlow.ExpectAsync(Tab, await ConnectionToAsync(other));
    }

    public Task<IJSHandle> ConnectionToAsync(string other) => Tab.EvaluateHandleAsync("name => call.peers.get(name).connection", other);

    /// <summary>Waits until the script answers with something truthy.</summary>
    public Task WaitForAsync(string script, object? argument = null) => Tab.WaitForFunctionAsync(script, argument, new() { PollingInterval = 50 });

    /// <summary>The codes of all that went wrong.</summary>
    public Task<string[]> ErrorsAsync() => Tab.EvaluateAsync<string[]>("() => events.filter(({ type }) => type === 'error').map(({ code }) => code)");
}
