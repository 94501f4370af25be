using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Browser;

/// <summary>What the module makes of a network that does the worst, on sockets and a clock that the test moves.</summary>
[NonParallelizable] // Browsers take processor time; those of other tests would be late.
internal sealed class SignalingTests
{
    private const string FakeSockets =
        """
        window.sockets = [];
        window.WebSocket = class {
          static CONNECTING = 0; static OPEN = 1;
          readyState = 0; sent = []; closes = [];
          constructor(url, protocols) { this.former = protocols.slice(1).join(' '); sockets.push(this); }
          send(text) { this.sent.push(JSON.parse(text)); }
          close(code) { this.closes.push(code); }
          say(...messages) {
            this.readyState = 1;
            for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
          }
          token(token, resumed = false) { this.say({ type: 'session-token', token, username: 'alice', resumed, resumeGraceMs: 30000 }); }
          answer() { const { id } = this.sent.findLast(({ type }) => type === 'ping'); this.say({ type: 'pong' }, { type: 'ack', id }); }
          end(code) { this.readyState = 3; this.onclose?.({ code }); }
        };
        """;

    private const string Open =
        """
        async options => {
          window.states = [];
          window.signaling = new MeshSignal.Signaling({ username: 'alice', ...options });
          signaling.addEventListener('state', ({ detail }) => states.push(detail.state));
          window.opened = signaling.open().then(() => 'open', error => error.code);
          await Promise.resolve();
        }
        """;

    // Longer than any pause while the server keeps the session, and shorter than the patience with a socket that says nothing.
    private const int Pause = 4_000;
    private const int Patience = 10_000;

    private RealServer _server = null!;
    private Chromium _chromium = null!;
    private ModulePage _page = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        _server = await RealServer.StartAsync();
        _chromium = await Chromium.StartAsync();
        _page = await _chromium.OpenModuleAsync(_server, FakeSockets);
        await _page.Tab.Clock.InstallAsync(new() { TimeDate = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc) });
        await _page.Tab.Clock.PauseAtAsync(new DateTime(2030, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        await _page.Tab.EvaluateAsync(Open, new { });
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _chromium.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task A_network_that_dies_while_the_missed_is_on_its_way_is_given_up()
    {
        await RunAsync("sockets[0].token('T1'); sockets[0].answer(); sockets[0].end(1006);");
        await PassAsync(Pause);
        await RunAsync("sockets[1].token('T2', true); sockets[1].say({ type: 'typing' }, { type: 'typing' });");
        Assert.That(await StateAsync(), Is.EqualTo("away"), "until all has come");

        await PassAsync(Patience);
        await PassAsync(Pause);

        Assert.That(await AskAsync<string>("sockets[2].former"), Is.EqualTo("resume.T2.4"), "two of the first socket, two of the second");
    }

    [TestCase(4501)]
    [TestCase(4509)]
    public async Task An_abandoned_attempt_that_was_served_late_does_not_end_the_session(int code)
    {
        await RunAsync("sockets[0].token('T1'); sockets[0].end(1006);");
        await PassAsync(Pause);
        await RunAsync($"sockets[1].token('T2', true); sockets[1].end({code});");
        await PassAsync(Pause);

        Assert.That(await AskAsync<string>("sockets[2].former"), Is.EqualTo("resume.T1.0"));
        await RunAsync($"sockets[2].token('T3', true); sockets[2].answer(); sockets[2].end({code});");
        Assert.That(await StateAsync(), Is.EqualTo("closed"), "once it was confirmed, it is final");
    }

    [Test]
    public async Task A_silent_socket_is_not_closed_before_another_has_the_session()
    {
        await RunAsync("sockets[0].token('T1');");
        await PassAsync(Patience);
        await PassAsync(Pause);
        Assert.That(await AskAsync<int>("sockets[0].closes.length"), Is.Zero);

        await RunAsync("sockets[1].token('T2', true);");

        Assert.That(await AskAsync<int[]>("sockets[0].closes"), Is.EqualTo([1000]));
    }

    [TestCase(1012)]
    [TestCase(1013)]
    public async Task A_server_that_is_busy_is_left_alone_for_some_seconds(int code)
    {
        await RunAsync($"sockets[0].token('T1'); sockets[0].answer(); sockets[0].end({code});");
        await PassAsync(3_900);
        Assert.That(await AskAsync<int>("sockets.length"), Is.EqualTo(1));

        await PassAsync(4_100);
        Assert.That(await AskAsync<int>("sockets.length"), Is.EqualTo(2));
    }

    [Test]
    public async Task A_pause_that_was_told_is_kept_whatever_wakes_up_and_others_are_not()
    {
        await RunAsync("sockets[0].token('T1'); sockets[0].say({ type: 'server-draining', reconnectAfterMs: 9000 }); sockets[0].end(1012);");
        await RunAsync("dispatchEvent(new Event('online'));");
        await PassAsync(8_900);
        Assert.That(await AskAsync<int>("sockets.length"), Is.EqualTo(1));
        await PassAsync(100);
        Assert.That(await AskAsync<int>("sockets.length"), Is.EqualTo(2));

        await RunAsync("sockets[1].token('T2', true); sockets[1].answer(); sockets[1].end(1006);");
        await RunAsync("dispatchEvent(new Event('online'));");
        Assert.That(await AskAsync<int>("sockets.length"), Is.EqualTo(3));
    }

    /// <summary>They once grew long after half of that time, and who could have come back came too late.</summary>
    [Test]
    public async Task As_long_as_servers_keep_a_session_no_pause_is_long()
    {
        await RunAsync(
            """
            Math.random = () => 0; // each pause the shortest of its kind, half of the longest
            window.pauses = [];
            signaling.addEventListener('state', ({ detail }) => detail.retryInMs && pauses.push(detail.retryInMs));
            sockets[0].token('T1');
            """);
        for (var turn = 0; turn < 20; turn++)
        {
            await RunAsync("sockets.at(-1).end(1006);");
            await PassAsync(15_000);
        }

        var pauses = await AskAsync<int[]>("pauses");
        Assert.That(pauses.TakeWhile(static pause => pause <= Pause / 2).Sum(), Is.GreaterThan(29_000));
        Assert.That(pauses[^1], Is.EqualTo(7_500));
    }

    [Test]
    public async Task A_return_that_is_refused_says_why()
    {
        await RunAsync("signaling.addEventListener('state', ({ detail }) => { window.reason = detail.reason; });");
        await RunAsync("sockets[0].token('T1'); sockets[0].answer(); sockets[0].end(1006);");
        await PassAsync(Pause);
        await RunAsync("sockets[1].say({ type: 'webrtc-error', code: 'forbidden', error: 'Not this room.' }); sockets[1].end(4501);");

        Assert.That(await AskAsync<string>("reason"), Is.EqualTo("forbidden"));
    }

    [Test]
    public async Task What_had_no_answer_is_said_again_once_and_in_order()
    {
        await RunAsync("sockets[0].token('T1'); sockets[0].answer();");
        await RunAsync("['a', 'b', 'c'].forEach(signal => signaling.signal('bob', signal)); sockets[0].say({ type: 'ack', id: 2 });");
        await RunAsync("sockets[0].end(1006); signaling.signal('bob', 'd');");
        await PassAsync(Pause);
        await RunAsync("sockets[1].token('T2', true); sockets[1].say({ type: 'ack', id: 3 });"); // that of b was missed
        Assert.That(await AskAsync<int>("sockets[1].sent.length"), Is.EqualTo(1), "the ping, whose answer comes behind all that was missed");
        await RunAsync("sockets[1].answer();");

        var said = await AskAsync<string[]>("sockets[1].sent.filter(({ signal }) => signal).map(({ signal, token }) => signal + token)");
        Assert.That(said, Is.EqualTo(["cT2", "dT2"]));
    }

    [Test]
    public async Task A_new_session_rejects_what_the_former_was_asked()
    {
        await RunAsync("sockets[0].token('T1'); sockets[0].answer(); window.asked = signaling.join().then(() => 'joined', error => error.code);");
        await RunAsync("sockets[0].end(1006);");
        await PassAsync(Pause);
        await RunAsync("sockets[1].token('T2');");

        Assert.That(await AskAsync<string>("asked"), Is.EqualTo("session-lost"));
        Assert.That(await StateAsync(), Is.EqualTo("open"));
    }

    [TestCase(4503, "banned")]
    [TestCase(4504, "kicked")]
    [TestCase(4509, "replaced")]
    [TestCase(4510, "name-taken")]
    [TestCase(4511, "invalid-room", "sockets[0].say({ type: 'webrtc-error', code: 'invalid-room', error: 'Illegal room name.' });")]
    [TestCase(1006, "unreachable")]
    public async Task A_door_that_stays_shut_says_why(int code, string expected, string before = "")
    {
        await RunAsync($"{before} sockets[0].end({code});");
        await PassAsync(Pause);

        Assert.That(await AskAsync<string>("opened"), Is.EqualTo(expected));
        Assert.That(await AskAsync<int>("sockets.length"), Is.EqualTo(1));
    }

    [Test]
    public async Task The_end_of_a_session_is_told_by_its_close_and_not_by_an_error_of_before()
    {
        await RunAsync("sockets[0].token('T1'); sockets[0].answer(); window.reasons = [];");
        await RunAsync("signaling.addEventListener('state', ({ detail }) => reasons.push(detail.reason));");
        await RunAsync("sockets[0].say({ type: 'webrtc-error', code: 'candidate-dropped', error: 'It waited too long.' }); sockets[0].end(4509);");

        Assert.That(await AskAsync<string[]>("reasons"), Is.EqualTo(["replaced"]));
    }

    [Test]
    public async Task A_token_is_got_for_each_socket_and_one_that_cannot_be_had_does_not_keep_a_session_away()
    {
        await _page.Tab.EvaluateAsync(
            """
            async () => {
              window.asked = 0;
              const token = async () => { if (++asked > 1) throw new Error('away'); return 'jwt'; };
              window.signaling = new MeshSignal.Signaling({ username: 'alice', token });
              signaling.open();
              await new Promise(resolve => { const { port1, port2 } = new MessageChannel(); port1.onmessage = resolve; port2.postMessage(0); });
            }
            """);
        Assert.That(await AskAsync<string>("sockets[1].former"), Is.EqualTo("bearer.jwt"));
        await RunAsync("sockets[1].token('T1'); sockets[1].answer(); sockets[1].end(1006);");
        await PassAsync(Pause);

        Assert.That(await AskAsync<string>("sockets.at(-1).former"), Is.EqualTo("resume.T1.2"));
        Assert.That(await AskAsync<int>("asked"), Is.EqualTo(2));
    }

    private async Task RunAsync(string script) => await _page.Tab.EvaluateAsync($"() => {{ {script} }}");

    private Task PassAsync(int milliseconds) => _page.Tab.Clock.RunForAsync(milliseconds);

    private Task<T> AskAsync<T>(string expression) => _page.Tab.EvaluateAsync<T>($"() => {expression}");

    private Task<string> StateAsync() => AskAsync<string>("signaling.state");
}
