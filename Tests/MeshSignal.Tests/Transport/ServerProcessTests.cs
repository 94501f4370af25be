using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Transport;

/// <summary>The process: its one line, its page, and its end.</summary>
internal sealed class ServerProcessTests
{
    [Test]
    public async Task Says_once_where_it_listens_and_what_to_open()
    {
        await using var server = await ListeningProcess.StartAsync("--urls", "http://127.0.0.1:0");
        using var http = new HttpClient();
        var page = await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.Port}/"));
        await server.TerminateAsync();
        await server.ExitAsync();

        Assert.That(page, Does.Contain("<html").IgnoreCase);
        Assert.That(server.Lines, Has.Count.EqualTo(1), string.Join('\n', server.Lines));
        Assert.That(server.Lines[0], Does.EndWith($"MeshSignal listens on http://127.0.0.1:{server.Port}; open http://localhost:{server.Port}/"));
    }

    [Test]
    public async Task Ends_with_zero_on_the_signal_to_terminate_after_everybody_was_told()
    {
        await using var server = await ListeningProcess.StartAsync("--urls", "http://127.0.0.1:0");
        using var alice = await (await server.OpenAsync(Profile.V1, "?username=alice")).GreetedAsync(withChat: false);
        using var bob = await (await server.OpenAsync(Profile.Legacy, "?username=bob")).GreetedAsync(withChat: true);
        await server.TerminateAsync();

        foreach (var peer in new[] { alice, bob })
        {
            Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(1012));
            await peer.CloseAsync();
        }

        Assert.That(await server.ExitAsync(), Is.Zero);
    }
}
