using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Browser;

/// <summary>What the module makes of answers that the browser will not take: there is no other answer to that offer, so it would wait for ever.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class RefusedAnswerTests
{
    /// <summary>Takes the last section out of as many of the page's answers as <c>spoilt</c> says, and counts its connections and its offers.</summary>
    private const string SpoilAnswers =
        """
        Object.assign(window, { spoilt: 0, connections: 0, offers: 0 });
        window.RTCPeerConnection = class extends RTCPeerConnection {
          constructor(...configuration) {
            super(...configuration);
            connections++;
          }
        };
        const { send } = WebSocket.prototype;
        WebSocket.prototype.send = function (text) {
          const message = JSON.parse(text);
          if (message.type === 'webrtc-offer') offers++;
          if (message.type === 'webrtc-answer' && spoilt-- > 0) message.answer = { type: 'answer', sdp: message.answer.sdp.replace(/m=(?![^]*\nm=)[^]*/, '') };
          return send.call(this, JSON.stringify(message));
        };
        """;

    // Shorter than the module's patience with a silent server, and than each of its pauses; and how many of them are far more than it takes to give up.
    private const int Moment = 4_000; // milliseconds
    private const int Moments = 60;

    private const string Restart = "name => { window.former = call.peers.get(name).connection; former.restartIce(); }";
    private const string Sends = "() => call.send('hello').length === 1";
    private const string IsConnectedAnew =
        "name => call.peers.get(name).connection !== former && call.peers.get(name).connection.connectionState === 'connected'";

    /// <summary>All offers but the first have been answered in vain.</summary>
    private const string IsRefused =
        """
        () => call.peers.get('bob').connection.signalingState === 'have-local-offer'
          && events.filter(({ code }) => code === 'negotiation').length === offers - 1
        """;

    private static readonly DateTime _epoch = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_call_comes_back_on_a_new_connection(bool isByTheFirst)
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var (alice, bob) = await CallAsync(chromium, server);
        var (offerer, answerer, nameOfOfferer, nameOfAnswerer) = isByTheFirst ? (alice, bob, "alice", "bob") : (bob, alice, "bob", "alice");

        await answerer.Tab.EvaluateAsync("() => { spoilt = 1; }");
        await offerer.Tab.EvaluateAsync(Restart, nameOfAnswerer);

        await offerer.WaitForAsync(IsConnectedAnew, nameOfAnswerer);
        await Task.WhenAll(offerer.ReceivesAsync(nameOfAnswerer), answerer.ReceivesAsync(nameOfOfferer));
        Assert.That(await NegotiationsAsync(offerer), Is.EqualTo(1));
        Assert.That(await NegotiationsAsync(answerer), Is.Zero);
        await Task.WhenAll(offerer.WaitForAsync(Sends), answerer.WaitForAsync(Sends));
        foreach (var page in new[] { alice, bob, alice, bob })
            await page.Tab.EvaluateAsync("() => call.signaling.request('ping')"); // what each had to say to the other has been heard and answered
        Assert.That(await CountAsync(offerer, "connections"), Is.EqualTo(isByTheFirst ? 2 : 3), "who came later is to answer, and offers only to be asked");
        Assert.That(await CountAsync(answerer, "connections"), Is.EqualTo(2));
        Assert.That(await CountAsync(alice, "offers") + await CountAsync(bob, "offers"), Is.EqualTo(isByTheFirst ? 3 : 4), "and then it is quiet");
    }

    [Test]
    public async Task Whose_answers_are_never_of_use_is_asked_more_and_more_rarely_until_they_are()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var (alice, bob) = await CallAsync(chromium, server, isClockOfFirstOurs: true);
        await bob.Tab.EvaluateAsync("() => { spoilt = 1000; }");
        await alice.Tab.EvaluateAsync(Restart, "bob");

        var moments = 0;
        for (; moments < Moments && !(await alice.ErrorsAsync()).Contains("link-failed"); moments++)
        {
            await alice.WaitForAsync(IsRefused);
            await PassAsync(alice);
        }

        Assert.That(await alice.Tab.EvaluateAsync<string>("() => call.peers.get('bob').status"), Is.EqualTo("failed"));
        Assert.That(await CountAsync(alice, "offers"), Is.InRange(7, 8), "at first, the restart, one at once, and one after each pause");
        Assert.That(moments * Moment, Is.GreaterThan(60_000), "milliseconds of its own clock");
        Assert.That(await CountAsync(bob, "offers"), Is.Zero);

        await bob.Tab.EvaluateAsync("() => { spoilt = 0; }");
        var offers = await CountAsync(alice, "offers");
        for (var moment = 0; moment < Moments && await CountAsync(alice, "offers") == offers; moment++)
            await PassAsync(alice);
        await alice.WaitForAsync(IsConnectedAnew, "bob"); // its clock stands, so nothing is begun anew meanwhile
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
    }

    private static async Task<(ModulePage Alice, ModulePage Bob)> CallAsync(Chromium chromium, RealServer server, bool isClockOfFirstOurs = false)
    {
        var alice = await chromium.OpenModuleAsync(server, SpoilAnswers);
        var bob = await chromium.OpenModuleAsync(server, SpoilAnswers);
        if (isClockOfFirstOurs)
        {
            await alice.Tab.Clock.InstallAsync(new() { TimeDate = _epoch });
            await alice.Tab.Clock.PauseAtAsync(_epoch.AddDays(1));
        }

        await alice.JoinAsync(new { username = "alice" });
        await bob.JoinAsync(new { username = "bob" });
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        return (alice, bob);
    }

    /// <summary>Time passes for the scripts of the page, and the server answers it.</summary>
    private static async Task PassAsync(ModulePage page)
    {
        await page.Tab.Clock.RunForAsync(Moment);
        await page.Tab.EvaluateAsync("() => call.signaling.request('ping')");
    }

    private static async Task<int> NegotiationsAsync(ModulePage page) => (await page.ErrorsAsync()).Count(static code => code == "negotiation");

    private static Task<int> CountAsync(ModulePage page, string what) => page.Tab.EvaluateAsync<int>($"() => {what}");
}
