using System.Text.RegularExpressions;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Turn;

/// <summary>The credentials that the server makes, and the example settings, on the TURN server that they are for.</summary>
internal sealed class CoturnTests
{
    private const int Unauthorized = 401;
    private const int QuotaReached = 486;

    [Test]
    public async Task Example_settings_start_without_a_complaint()
    {
        await using var coturn = await Coturn.StartAsync();
        await coturn.StopAsync();

        Assert.That(coturn.Log, Has.Some.Contains($"{Coturn.RelayAddress}"));
        Assert.That(coturn.Log.Where(IsComplaint), Is.Empty);
    }

    [Test]
    public async Task Credentials_of_a_peer_that_joined_allocate()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        using var alice = await server.ConnectAsync("alice");

        var joined = await Issued.JoinAsync(alice);
        var asked = await Issued.AskAsync(alice);

        Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, joined), Is.Zero);
        Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, asked), Is.Zero);
    }

    [Test]
    public async Task Credentials_that_a_legacy_peer_is_told_with_a_newcomer_allocate()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        using var jonas = await server.ConnectLegacyAsync("jonas");
        using var alice = await server.ConnectAsync("alice");
        await jonas.ExpectSystemAsync("alice has joined.");
        await jonas.JoinAsync("den");
        await jonas.ExpectSystemAsync("jonas joined voice chat");
        await alice.JoinAsync("den");

        Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, await Issued.MeetAsync(jonas)), Is.Zero);
    }

    [Test]
    public async Task Credentials_with_anything_wrong_do_not_allocate()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        using var alice = await server.ConnectAsync("alice");
        var good = await Issued.JoinAsync(alice);
        var inMilliseconds = TimeProvider.System.GetUtcNow().AddMinutes(10).ToUnixTimeMilliseconds();

        (string What, TurnCredentials Credentials)[] wrong =
        [
            ("signed with another secret", Issued.EndingIn(600, secret: "another secret of a server and its relay")),
            ("for a longer time than was signed", good with { Username = Later(good.Username) }),
            ("for somebody else", good with { Username = good.Username[..^1] + (good.Username[^1] == '0' ? '1' : '0') }),
            ("with another password", good with { Credential = (good.Credential[0] == 'A' ? 'B' : 'A') + good.Credential[1..] }),
            ("without a password", good with { Credential = "" }),
            ("ended", Issued.EndingIn(-5)),
            ("ending in milliseconds", Issued.Signed($"{inMilliseconds}:0badc0de")),
        ];
        Assert.Multiple(async () =>
        {
            foreach (var (what, credentials) in wrong)
                Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, credentials), Is.EqualTo(Unauthorized), what);
        });
        Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, good), Is.Zero);
        Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, Issued.Signed(good.Username)), Is.Zero, "what signs here signs rightly");
    }

    /// <summary>So a call outlives its credentials, and only the next one needs new ones.</summary>
    [Test]
    public async Task What_was_allocated_before_the_credentials_ended_lives_on()
    {
        await using var coturn = await Coturn.StartAsync();
        var credentials = Issued.EndingIn(2);
        using var call = new TurnProbe(coturn.EndPoint, credentials);
        Assert.That(await call.AllocateAsync(), Is.Zero);

        await Eventually.IsAsync(Unauthorized, () => TurnProbe.TryAllocateAsync(coturn.EndPoint, credentials));
        Assert.That(await call.RefreshAsync(), Is.Zero);
        Assert.That(await call.PermitAsync(Coturn.RelayAddress), Is.Zero);
    }

    [Test]
    public async Task One_session_cannot_use_up_the_relay()
    {
        await using var coturn = await Coturn.StartAsync();
        var probes = new List<TurnProbe>();
        try
        {
            for (var code = 0; code == 0 && probes.Count <= 200;)
            {
                probes.Add(new TurnProbe(coturn.EndPoint, Issued.EndingIn(600 + probes.Count)));
                code = await probes[^1].AllocateAsync();
                Assert.That(code, Is.Zero.Or.EqualTo(QuotaReached));
            }

            Assert.That(probes, Has.Count.EqualTo(100 + 1), "the quota counts sessions, whenever their credentials end");
            Assert.That(await TurnProbe.TryAllocateAsync(coturn.EndPoint, Issued.EndingIn(600, session: "0badcafe")), Is.Zero);
        }
        finally
        {
            probes.ForEach(static probe => probe.Dispose());
        }
    }

    private static bool IsComplaint(string line) =>
        Regex.IsMatch(line, "warn|error|bad |wrong|cannot|obsolete", RegexOptions.IgnoreCase, TestPeer.Timeout);

    private static string Later(string username)
    {
        var colon = username.IndexOf(':', StringComparison.Ordinal);
        return $"{long.Parse(username[..colon], null) + 1}{username[colon..]}";
    }
}
