using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Hosting;

/// <summary>What of the settings for ICE servers and the relay policy keeps the server from starting, and what does not.</summary>
internal sealed class IceConfigurationTests
{
    private const string Secret = RelayRoom.Secret;

    [TestCase("StunUrls", "stun:stun.example.org")]
    [TestCase("StunUrls", "stun:stun.example.org:3478")]
    [TestCase("StunUrls", "stun:192.0.2.1:1")]
    [TestCase("StunUrls", "stun:[2001:db8::1]:65535")]
    [TestCase("TurnUrls", "turn:turn.example.org")]
    [TestCase("TurnUrls", "turns:turn.example.org:443?transport=tcp")]
    [TestCase("TurnUrls", "turn:[2001:db8::1]?transport=udp")]
    [TestCase("RelayRanges", "198.51.100.3")]
    [TestCase("RelayRanges", "198.51.100.0/28")]
    [TestCase("RelayRanges", "198.51.100.3/32")]
    [TestCase("RelayRanges", "128.0.0.0/1")]
    [TestCase("RelayRanges", "2001:db8:7::/64")]
    [TestCase("RelayRanges", "2001:db8:7::5")]
    public void A_right_value_is_no_error(string list, string value) =>
        Assert.That(Errors(($"MeshSignal:Ice:{list}:0", value), ("MeshSignal:Ice:TurnSecret", Secret)), Is.Empty);

    [TestCase("StunUrls", "")]
    [TestCase("StunUrls", "stun.example.org")]
    [TestCase("StunUrls", "stun:")]
    [TestCase("StunUrls", "stun://stun.example.org")]
    [TestCase("StunUrls", "STUN:stun.example.org")]
    [TestCase("StunUrls", "stuns:stun.example.org")]
    [TestCase("StunUrls", "turn:turn.example.org")]
    [TestCase("StunUrls", "stun:stun.example.org:0")]
    [TestCase("StunUrls", "stun:stun.example.org:65536")]
    [TestCase("StunUrls", "stun:stun.example.org:")]
    [TestCase("StunUrls", "stun:stun.example.org?transport=udp")]
    [TestCase("StunUrls", "stun:a.example.org,stun:b.example.org")]
    [TestCase("StunUrls", " stun:stun.example.org")]
    [TestCase("StunUrls", "stun:stun.example.org\n")]
    [TestCase("TurnUrls", "")]
    [TestCase("TurnUrls", "stun:stun.example.org")]
    [TestCase("TurnUrls", "turn:user@turn.example.org")]
    [TestCase("TurnUrls", "turn:turn.example.org?transport=sctp")]
    [TestCase("TurnUrls", "turn:turn.example.org?transport=")]
    [TestCase("TurnUrls", "turn:turn.example.org:3478/path")]
    [TestCase("TurnUrls", "turn:2001:db8::1")]
    [TestCase("TurnUrls", "https://turn.example.org")]
    [TestCase("RelayRanges", "")]
    [TestCase("RelayRanges", "198.51.100.1/28")] // Bits of the host are set: which of the two was meant?
    [TestCase("RelayRanges", "0.0.0.0/0")]
    [TestCase("RelayRanges", "::/0")]
    [TestCase("RelayRanges", "198.51.100.0/33")]
    [TestCase("RelayRanges", "198.51.100.0/")]
    [TestCase("RelayRanges", "198.51.100.0/-1")]
    [TestCase("RelayRanges", "198.51.100")]
    [TestCase("RelayRanges", "198.51.100.256")]
    [TestCase("RelayRanges", "198.51.100.00/28")]
    [TestCase("RelayRanges", "3325256704")]
    [TestCase("RelayRanges", "198.51.100.0-198.51.100.15")]
    [TestCase("RelayRanges", "198.51.100.1, 198.51.100.2")]
    [TestCase("RelayRanges", "turn.example.org")]
    [TestCase("RelayRanges", "::ffff:198.51.100.0/120")]
    [TestCase("RelayRanges", "[2001:db8:7::5]")]
    [TestCase("RelayRanges", "fe80::1%eth0")]
    [TestCase("RelayRanges", "2001:db8:7::1/64")]
    public void A_wrong_one_is_named(string list, string value) =>
        Assert.That(
            Errors(($"MeshSignal:Ice:{list}:0", value), ("MeshSignal:Ice:TurnSecret", Secret)),
            Has.Count.EqualTo(1).And.All.StartsWith($"MeshSignal:Ice:{list}: '{value}' is ").And.All.Not.Contains(Secret));

    [TestCase("*")]
    [TestCase("team-?_A9*")]
    public void A_right_pattern_is_no_error(string pattern) => Assert.That(Errors(("MeshSignal:Calls:Rooms:0:Pattern", pattern)), Is.Empty);

    [TestCase("")]
    [TestCase("team blue")]
    [TestCase("[a-z]")]
    [TestCase("^team")]
    [TestCase("team/*")]
    public void A_wrong_pattern_is_named(string pattern) =>
        AssertErrors(Errors(("MeshSignal:Calls:Rooms:0:Pattern", pattern)), $"MeshSignal:Calls:Rooms: '{pattern}' is not a pattern.");

    [Test]
    public void A_room_without_a_pattern_is_an_error() =>
        AssertErrors(Errors(("MeshSignal:Calls:Rooms:0:ForceRelay", "false")), "MeshSignal:Calls:Rooms: '' is not a pattern.");

    [TestCase("MeshSignal:Calls:ForceRelay", null)]
    [TestCase("MeshSignal:Calls:Rooms:0:ForceRelay", "*")]
    [TestCase("MeshSignal:Calls:Rooms:3:ForceRelay", "private")]
    public void Forcing_relays_takes_a_TURN_server_and_its_addresses(string key, string? pattern)
    {
        (string, string)[] forced = [(key, "true")];
        if (pattern is not null)
            forced = [.. forced, (key.Replace("ForceRelay", "Pattern", StringComparison.Ordinal), pattern)];
        var (turn, secret) = (("MeshSignal:Ice:TurnUrls:0", "turn:a"), ("MeshSignal:Ice:TurnSecret", Secret));
        var (range, trust) = (("MeshSignal:Ice:RelayRanges:0", "198.51.100.1"), ("MeshSignal:Ice:TrustRelayCandidateType", "true"));
        const string NeedsTurn = "MeshSignal:Calls:ForceRelay needs a TURN server";
        const string NeedsRanges = "MeshSignal:Calls:ForceRelay needs Ice:RelayRanges";
        using (Assert.EnterMultipleScope())
        {
            AssertErrors(Errors(forced), NeedsTurn, NeedsRanges);
            AssertErrors(Errors([.. forced, turn, secret]), NeedsRanges);
            AssertErrors(Errors([.. forced, range]), NeedsTurn);
            AssertErrors(Errors([.. forced, trust]), NeedsTurn);
            AssertErrors(Errors([.. forced, range, ("MeshSignal:Ice:StunUrls:0", "stun:a"), ("MeshSignal:Ice:StaticServers:0:Urls:0", "stun:b")]), NeedsTurn);
            AssertErrors(Errors([.. forced, turn, secret, range]));
            AssertErrors(Errors([.. forced, turn, secret, trust]));
            AssertErrors(Errors([.. forced, range, .. Static("turn:a", "u", "c")]));
        }
    }

    [Test]
    public void A_room_that_is_spared_needs_neither() =>
        AssertErrors(Errors(
            ("MeshSignal:Calls:Rooms:0:Pattern", "a"), ("MeshSignal:Calls:Rooms:0:ForceRelay", "false"), ("MeshSignal:Calls:Rooms:1:Pattern", "b")));

    [Test]
    public void TURN_servers_need_a_secret() =>
        AssertErrors(Errors(("MeshSignal:Ice:TurnUrls:0", "turn:a")), "MeshSignal:Ice:TurnUrls need TurnSecret or TurnSecretFile");

    [TestCase("", "short", "is too short")]
    [TestCase("/nowhere/turn.secret", "", "cannot be read")]
    [TestCase("/nowhere/turn.secret", Secret, "are both set")]
    public void A_secret_that_is_none_is_told_once_and_not_printed(string file, string secret, string expected)
    {
        var errors = Errors(("MeshSignal:Ice:TurnUrls:0", "turn:a"), ("MeshSignal:Ice:TurnSecretFile", file), ("MeshSignal:Ice:TurnSecret", secret));
        Assert.That(errors, Has.Count.EqualTo(1).And.All.Contains(expected));
        if (secret.Length > 0)
            Assert.That(errors, Is.All.Not.Contains($"'{secret}'").And.All.Not.Contains(Secret));
    }

    [Test]
    public void A_static_server_has_URLs_and_for_TURN_name_and_password()
    {
        const string Needs = "MeshSignal:Ice:StaticServers: a turn: or turns: URL needs";
        using (Assert.EnterMultipleScope())
        {
            AssertErrors(Errors(Static("stun:a", "", "")));
            AssertErrors(Errors(Static("turn:a", "u", "c")));
            AssertErrors(Errors(Static("turn:a", "", "c")), Needs);
            AssertErrors(Errors(Static("turns:a", "u", "")), Needs);
            AssertErrors(Errors([.. Static("stun:a", "", ""), ("MeshSignal:Ice:StaticServers:0:Urls:1", "turn:a")]), Needs);
            AssertErrors(Errors(Static("http://a", "u", "c")), "MeshSignal:Ice:StaticServers: 'http://a' is not");
            AssertErrors(Errors(("MeshSignal:Ice:StaticServers:0:Username", "u")), "MeshSignal:Ice:StaticServers: each must have Urls.");
        }
    }

    [TestCase("MeshSignal:Ice:StunUrls")]
    [TestCase("MeshSignal:Ice:TurnUrls")]
    [TestCase("MeshSignal:Ice:RelayRanges")]
    [TestCase("MeshSignal:Ice:StaticServers")]
    [TestCase("MeshSignal:Ice:StaticServers:0:Urls")]
    [TestCase("MeshSignal:Calls:Rooms")]
    public void A_list_is_no_single_value(string key)
    {
        var errors = Errors((key, "turn:a"));
        Assert.That(errors, Has.Some.EqualTo($"{key} must be a list ({key}:0, {key}:1, …), and it is one value."));
        Assert.That(Errors(($"{key}:first", "turn:a")), Has.Some.EqualTo($"{key}:first is not a known key: the members of a list are numbered."));
        Assert.That(Errors(($"{key}:-1", "turn:a")), Has.Some.EqualTo($"{key}:-1 is not a known key: the members of a list are numbered."));
    }

    [TestCase("MeshSignal:Calls:Rooms:0:Force", "true", "MeshSignal:Calls:Rooms:0:Force is not a known key.")]
    [TestCase("MeshSignal:Calls:Rooms:0:ForceRelay", "yes", "MeshSignal:Calls:Rooms:0:ForceRelay must be true or false, and 'yes' is not.")]
    [TestCase("MeshSignal:Calls:Rooms:0:ForceRelay", "", "MeshSignal:Calls:Rooms:0:ForceRelay must be true or false, and '' is not.")]
    [TestCase("MeshSignal:Calls:Rooms:1", "private-*", "MeshSignal:Calls:Rooms:1 must hold keys, and it is one value.")]
    [TestCase("MeshSignal:Calls:ForceRelay", "on", "MeshSignal:Calls:ForceRelay must be true or false, and 'on' is not.")]
    [TestCase("MeshSignal:Ice:TrustRelayCandidateType", "1", "MeshSignal:Ice:TrustRelayCandidateType must be true or false, and '1' is not.")]
    [TestCase("MeshSignal:Ice:CredentialTtl", "600", "MeshSignal:Ice:CredentialTtl must be a duration such as 00:00:30, and '600' is not.")]
    [TestCase("MeshSignal:Ice:TurnUrl", "turn:a", "MeshSignal:Ice:TurnUrl is not a known key.")]
    [TestCase("MeshSignal:Ice:StunUrls:0:Url", "stun:a", "MeshSignal:Ice:StunUrls:0 must be a text, and '' is not.")]
    [TestCase("MeshSignal:Ice:StaticServers:0:Password", "5ecre7", "MeshSignal:Ice:StaticServers:0:Password is not a known key.")]
    public void A_key_or_value_in_a_list_is_named_by_its_place(string key, string value, string expected) =>
        Assert.That(
            Errors((key, value), ("MeshSignal:Calls:Rooms:0:Pattern", "a"), ("MeshSignal:Ice:StaticServers:0:Urls:0", "stun:a")),
            Has.Some.EqualTo(expected).And.None.Contains("5ecre7"));

    [TestCase("00:00:59", true)]
    [TestCase("00:01:00", false)]
    [TestCase("1.00:00:00", false)]
    [TestCase("1.00:00:01", true)]
    public void Credentials_live_a_minute_to_a_day(string ttl, bool isError) =>
        Assert.That(Errors(("MeshSignal:Ice:CredentialTtl", ttl)), isError ? Has.Count.EqualTo(1).And.All.Contains("CredentialTtl") : Is.Empty);

    [Test]
    public void All_errors_come_in_one_list() => AssertErrors(
        Errors(
            ("MeshSignal:Calls:ForceRelay", "true"),
            ("MeshSignal:Calls:Rooms:0:Pattern", "a b"),
            ("MeshSignal:Calls:Rooms:1:Pattern", "b"),
            ("MeshSignal:Calls:Rooms:1:ForceRelay", "maybe"),
            ("MeshSignal:Ice:StunUrls:0", "x"),
            ("MeshSignal:Ice:StunUrls:1", "y"),
            ("MeshSignal:Ice:TurnUrls", "turn:a"),
            ("MeshSignal:Ice:StaticServers:0:Urls:0", "stun:a"),
            ("MeshSignal:Ice:StaticServers:0:Url", "stun:a"),
            ("MeshSignal:Ice:RelayRanges:0", "10.0.0.1/8"),
            ("MeshSignal:Ice:TurnSecret", "short"),
            ("MeshSignal:Ice:CredentialTtl", "00:00:01")),
        "'a b'", "Rooms:1:ForceRelay", "'x'", "'y'", "Ice:TurnUrls must be a list", "StaticServers:0:Url is", "'10.0.0.1/8'", "too short", "CredentialTtl",
        "ForceRelay needs a TURN server");

    [Test]
    public void All_of_it_can_be_set_in_the_environment()
    {
        var prefix = $"meshsignal{Guid.NewGuid():N}_";
        (string Key, string Value)[] settings =
        [
            .. RelayRoom.Settings, .. Static("turn:b", "u", "c"), ("MeshSignal:Ice:CredentialTtl", "00:20:00"),
            ("MeshSignal:Calls:Rooms:0:Pattern", "open-*"), ("MeshSignal:Calls:Rooms:0:ForceRelay", "false"), ("MeshSignal:Calls:Rooms:10:Pattern", "z"),
        ];
        foreach (var (key, value) in settings)
            Environment.SetEnvironmentVariable(prefix + key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant(), value);
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables(prefix).Build();

        Assert.That(ConfigurationCheck.Errors(configuration), Is.Empty);
        var options = configuration.GetSection(MeshSignalOptions.Section).Get<MeshSignalOptions>()!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(options.Calls.Rooms.Select(room => (room.Pattern, room.ForceRelay)), Is.EqualTo([("open-*", (bool?)false), ("z", null)]));
            Assert.That(options.Ice.TurnUrls, Is.EqualTo([RelayRoom.TurnUrl]));
            Assert.That(options.Ice.StaticServers.Single().Urls, Is.EqualTo(["turn:b"]));
            Assert.That((options.Ice.TurnSecret, options.Ice.RelayRanges.Count, options.Ice.CredentialTtl), Is.EqualTo((Secret, 2, TimeSpan.FromMinutes(20))));
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Whoever_trusts_the_type_is_told_at_the_start_what_that_costs(bool trusts)
    {
        await using var server = await RealServer.StartAsync(RelayRoom.SettingsWith(("MeshSignal:Ice:TrustRelayCandidateType", $"{trusts}")));

        var lines = server.Log.Lines.Where(line => line.Contains("TrustRelayCandidateType", StringComparison.Ordinal)).ToList();
        Assert.That(lines, trusts ? Has.Count.EqualTo(1).And.All.Contains("Ice:RelayRanges") : Is.Empty);
        Assert.That(server.Log.Lines, Is.All.Not.Contains(Secret));
    }

    private static (string Key, string Value)[] Static(string url, string username, string credential) =>
    [
        ("MeshSignal:Ice:StaticServers:0:Urls:0", url), ("MeshSignal:Ice:StaticServers:0:Username", username),
        ("MeshSignal:Ice:StaticServers:0:Credential", credential),
    ];

    /// <summary>These and no others, in whichever order.</summary>
    private static void AssertErrors(IReadOnlyList<string> errors, params string[] expected)
    {
        Assert.That(errors, Has.Count.EqualTo(expected.Length), string.Join('\n', errors));
        foreach (var text in expected)
            Assert.That(errors.Count(error => error.Contains(text, StringComparison.Ordinal)), Is.EqualTo(1), $"{text} in:\n{string.Join('\n', errors)}");
    }

    private static IReadOnlyList<string> Errors(params (string Key, string Value)[] settings) =>
        ConfigurationCheck.Errors(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build());
}
