using System.Net;
using System.Net.Sockets;
using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Tools.Stun;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Tools;

/// <summary>What is said about STUN and TURN servers that behave in all the ways there are.</summary>
internal sealed class IceCheckTests
{
    private readonly FakeClock _clock = new();

    [Test]
    public async Task A_good_server_is_said_to_be_good_and_gets_its_allocation_back()
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay("198.51.100.1"));
        var findings = await Ices.FindAsync(Ices.Options(turn.Url, "198.51.100.0/28"), _clock);
        Assert.That(findings, Is.EqualTo([
            $"ok     {turn.Url}: relays from 198.51.100.1, which is in MeshSignal:Ice:RelayRanges.",
            $"ok     {turn.Url}: lets nobody reach 127.0.0.1, 10.0.0.1, 169.254.169.254 through it.",
        ]));
        var last = turn.Requests[^1];
        Assert.That(last.Type, Is.EqualTo(StunMessage.Refresh));
        Assert.That(last.Find(StunMessage.Lifetime), Is.EqualTo(new byte[4]));
    }

    [TestCase(400, "refuses to allocate (400)")]
    [TestCase(403, "refuses to allocate for this machine")]
    [TestCase(437, "such an allocation already")]
    [TestCase(442, "does not relay over UDP")]
    [TestCase(486, "user-quota")]
    [TestCase(508, "max-port")]
    [TestCase(300, "another server")]
    [TestCase(401, "is not what MeshSignal:Ice:TurnSecret or TurnSecretFile holds, or the clocks differ: here it is 2026-01-01 00:00:00 UTC")]
    [TestCase(441, "static-auth-secret")]
    public async Task A_refusal_is_explained(int code, string text)
    {
        await using var turn = ScriptedTurn.Challenging(request => ScriptedTurn.Refuse(request, code));
        var findings = await Ices.FindAsync(Ices.Options(turn.Url), _clock);
        Assert.That(findings, Has.Length.EqualTo(1));
        Assert.That(findings[0], Does.StartWith($"wrong  {turn.Url}: ").And.Contains(text));
    }

    [Test]
    public async Task Credentials_that_stay_are_blamed_by_their_own_name()
    {
        await using var turn = ScriptedTurn.Challenging(static request => ScriptedTurn.Refuse(request, 401));
        var server = new StaticIceServerOptions { Urls = [turn.Url], Username = "me", Credential = Ices.Secret };
        var options = new MeshSignalOptions { Ice = { StaticServers = [server] } };
        var findings = await Ices.FindAsync(options, _clock);
        Assert.That(findings, Has.One.Contains("MeshSignal:Ice:StaticServers").And.All.Not.Contains("static-auth-secret"));
        Assert.That(turn.Requests[^1].FindText(StunMessage.Username), Is.EqualTo("me"));
    }

    [Test]
    public async Task What_a_server_says_itself_is_short_and_harmless()
    {
        var reason = Encoding.ASCII.GetBytes($"\e[31m\nbad{new string('x', 200)}");
        await using var turn = ScriptedTurn.Challenging(request =>
            new StunMessage(request.Type | 0x110, (StunMessage.ErrorCode, [0, 0, 5, 0, .. reason])) { Transaction = request.Transaction }.Write());
        var findings = await Ices.FindAsync(Ices.Options(turn.Url), _clock);
        Assert.That(findings.Single(), Does.EndWith($"refuses to allocate (500 [31mbad{new string('x', 53)})."));
    }

    [Test]
    public async Task A_server_without_credentials_is_wrong()
    {
        await using var turn = new ScriptedTurn(ScriptedTurn.Relay("198.51.100.1"));
        Assert.That(await Ices.FindAsync(Ices.Options(turn.Url), _clock), Has.One.StartsWith($"wrong  {turn.Url}: relays for anybody"));
    }

    [TestCase(true, "wrong  ")]
    [TestCase(false, "note   ")]
    public async Task An_address_out_of_range_is_wrong_where_calls_are_relayed(bool isForced, string severity)
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay("198.51.100.1", "198.51.100.1"));
        var options = Ices.Options(turn.Url, "198.51.100.2");
        options.Calls.Rooms.Add(new RoomOptions { Pattern = "den", ForceRelay = isForced });
        var findings = await Ices.FindAsync(options, _clock);
        Assert.That(findings, Has.One.Contains("not in MeshSignal:Ice:RelayRanges"));
        Assert.That(findings[0], Does.StartWith($"{severity}{turn.Url}: relays from 198.51.100.1"));
    }

    [Test]
    public async Task Any_address_will_do_where_the_type_is_trusted()
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay("198.51.100.1", "198.51.100.1"));
        var options = Ices.Options(turn.Url);
        (options.Calls.ForceRelay, options.Ice.TrustRelayCandidateType) = (true, true);
        Assert.That(await Ices.FindAsync(options, _clock), Has.All.StartsWith("ok "));
    }

    [TestCase("127.0.0.1")]
    [TestCase("10.2.3.4")]
    [TestCase("172.31.0.1")]
    [TestCase("192.168.7.7")]
    [TestCase("fd00::1")]
    public async Task An_address_that_nobody_elsewhere_reaches_is_noted(string address)
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay(address));
        Assert.That(await Ices.FindAsync(Ices.Options(turn.Url), _clock), Has.One.StartsWith($"note   {turn.Url}: peers elsewhere cannot reach {address}."));
    }

    [TestCase("127.0.0.1")]
    [TestCase("10.0.0.1")]
    [TestCase("169.254.169.254")]
    public async Task A_way_into_the_network_is_wrong(string peer)
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay("198.51.100.1", peer));
        var findings = await Ices.FindAsync(Ices.Options(turn.Url), _clock);
        Assert.That(findings, Has.One.StartsWith($"wrong  {turn.Url}: lets clients reach {peer} through it: your TURN server lets strangers into your "
            + $"network."));
        Assert.That(findings, Has.None.Contains("lets nobody"));
    }

    [Test]
    public async Task An_answer_that_is_neither_yes_nor_no_is_noted()
    {
        await using var turn = ScriptedTurn.Challenging(static request =>
            request.Type == StunMessage.CreatePermission ? ScriptedTurn.Refuse(request, 500) : ScriptedTurn.Relay("198.51.100.1")(request));
        Assert.That(await Ices.FindAsync(Ices.Options(turn.Url), _clock), Has.One.StartsWith($"note   {turn.Url}: it is not clear whether clients can reach "
            + $"127.0.0.1 (500), "));
    }

    [TestCase("192.0.2.1", "relays to any address", "does not relay to itself (403)")]
    [TestCase("198.51.100.1")]
    public async Task Where_calls_are_relayed_a_relay_reaches_relays_and_nobody_else(string peer, params string[] wrong)
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay("198.51.100.1", peer));
        var options = Ices.Options(turn.Url, "198.51.100.1");
        options.Calls.ForceRelay = true;
        var findings = await Ices.FindAsync(options, _clock);
        var bad = findings.Where(static finding => !finding.StartsWith("ok ", StringComparison.Ordinal));
        Assert.That(bad, Has.Exactly(wrong.Length).Items.And.All.StartsWith("wrong  "));
        foreach (var text in wrong)
            Assert.That(findings, Has.One.Contains(text));
    }

    /// <summary>The request is sent three times in three seconds; the clock goes on with each.</summary>
    [Test]
    public async Task A_server_that_says_nothing_is_asked_three_times()
    {
        var waits = new Queue<double>([0.5, 1, 1.5]);
        await using var turn = new ScriptedTurn(_ =>
        {
            _clock.Advance(TimeSpan.FromSeconds(waits.Dequeue()));
            return null;
        });
        var findings = await Ices.FindAsync(Ices.Options(turn.Url), _clock);
        Assert.That(findings.Single(), Does.StartWith($"wrong  {turn.Url}: no answer from 127.0.0.1 within 3 s. Is it running, and is UDP "));
        Assert.That(turn.Requests.Select(static request => Convert.ToHexString(request.Transaction)).Distinct(StringComparer.Ordinal).Count(), Is.EqualTo(1));
        Assert.That(turn.Requests, Has.Count.EqualTo(3));
    }

    /// <summary>On the system's clock: only when the time is over is it known that no answer comes behind the garbage.</summary>
    [Test]
    public async Task What_answers_garbage_is_no_server()
    {
        await using var other = new ScriptedTurn(static _ => "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        var stun = other.Url.Replace("turn:", "stun:", StringComparison.Ordinal);
        var options = new MeshSignalOptions { Ice = { StunUrls = [stun] }, Calls = { Enabled = false } };
        Assert.That((await Ices.FindAsync(options, TimeProvider.System)).Single(), Does.StartWith($"wrong  {stun}: what answers at 127.0.0.1 port "
            + $"").And.Contains("is no STUN server"));
    }

    [Test]
    public async Task What_answers_garbage_over_TCP_is_no_server_either()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepted = listener.AcceptTcpClientAsync();
        var finding = Ices.FindAsync(Ices.Options($"turn:{listener.LocalEndpoint}?transport=tcp"), _clock);
        using var client = await accepted;
        await client.GetStream().WriteAsync("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"u8.ToArray());
        Assert.That(await finding, Has.One.Contains("is no TURN server"));
    }

    [Test]
    public async Task A_challenge_without_a_realm_is_explained()
    {
        await using var turn = new ScriptedTurn(static request => ScriptedTurn.Refuse(request, 401));
        Assert.That(await Ices.FindAsync(Ices.Options(turn.Url), _clock), Has.One.Contains("does not say of which realm"));
    }

    [TestCase("udp")]
    [TestCase("tcp")]
    public async Task Nobody_there_is_wrong(string transport)
    {
        var port = FreePort();
        var url = $"turn:127.0.0.1:{port}?transport={transport}";
        Assert.That(
            await Ices.FindAsync(Ices.Options(url), _clock),
            Is.EqualTo([$"wrong  {url}: 127.0.0.1 cannot be reached: Connection refused. Is it running, and is {transport.ToUpperInvariant()} {port} open "
                + $"to here and to clients?"]));
    }

    [Test]
    public async Task What_ends_the_connection_is_wrong()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepted = listener.AcceptTcpClientAsync();
        var finding = Ices.FindAsync(Ices.Options($"turns:{listener.LocalEndpoint}?transport=tcp"), _clock);
        (await accepted).Dispose();
        Assert.That(await finding, Has.One.StartsWith("wrong  turns:").And.One.Contains("cannot be reached"));
    }

    [Test]
    public async Task A_STUN_server_says_what_it_sees()
    {
        await using var server = new ScriptedTurn(static request =>
            ScriptedTurn.Grant(request, StunMessage.Address(StunMessage.XorMappedAddress, new IPEndPoint(IPAddress.Parse("203.0.113.9"), 1))));
        var url = server.Url.Replace("turn:", "stun:", StringComparison.Ordinal);
        var findings = await Ices.FindAsync(new MeshSignalOptions { Ice = { StunUrls = [url] } }, _clock);
        Assert.That(findings, Is.EqualTo(["note   No TURN server (Ice:TurnUrls): between some networks calls will not connect.", $"ok     {url}: answers; "
            + $"it sees this machine as 203.0.113.9."]));
        Assert.That(server.Requests.Single().Type, Is.EqualTo(StunMessage.Binding));
    }

    [Test]
    public async Task What_cannot_be_tried_is_noted() =>
        Assert.That(await Ices.FindAsync(Ices.Options("turns:127.0.0.1?transport=udp"), _clock), Is.EqualTo(["note   turns:127.0.0.1?transport=udp: not "
            + "tried. TLS over UDP is unknown here, and to most browsers."]));

    [TestCase("turn:a.example", IceTransport.Udp, "a.example", 3478)]
    [TestCase("turn:a.example:99?transport=tcp", IceTransport.Tcp, "a.example", 99)]
    [TestCase("turns:a.example", IceTransport.Tls, "a.example", 5349)]
    [TestCase("turns:[2001:db8::1]:443?transport=tcp", IceTransport.Tls, "2001:db8::1", 443)]
    [TestCase("turns:[::1]?transport=udp", IceTransport.Dtls, "::1", 5349)]
    [TestCase("stun:[::1]", IceTransport.Udp, "::1", 3478)]
    public void A_URL_says_where_and_how(string url, object transport, string host, int port)
    {
        var target = IceTarget.Parse(url);
        Assert.That((target.Transport, target.Host, target.Port), Is.EqualTo(((IceTransport)transport, host, port)));
        Assert.That(target.IsTurn, Is.EqualTo(url.StartsWith("turn", StringComparison.Ordinal)));
    }

    /// <summary>Of TCP and UDP, a moment ago.</summary>
    private static int FreePort()
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)tcp.LocalEndPoint!).Port;
    }
}
