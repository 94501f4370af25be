using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Options;

namespace MeshSignal.Tests.Ice;

/// <summary>The secret that this server shares with the TURN server, and how it is changed without a restart.</summary>
internal sealed class TurnSecretTests : IDisposable
{
    private const string First = "first-secret-of-the-turn-server";
    private const string Second = "second-secret-of-the-turn-server";

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.secret");

    public void Dispose() => File.Delete(_file);

    [TestCase("first-secret-of-the-turn-server")]
    [TestCase("first-secret-of-the-turn-server\n")]
    [TestCase("\n  first-secret-of-the-turn-server \r\n\n")]
    [TestCase("first-secret-of-the-turn-server\nsecond-secret-of-the-turn-server\n")]
    public async Task The_first_line_of_the_file_signs(string content)
    {
        await File.WriteAllTextAsync(_file, content);
        await using var server = await StartAsync();
        using var alice = await server.ConnectAsync("alice");

        TurnServer.Verify(await JoinedAsync(alice), First);
    }

    [Test]
    public async Task A_change_of_the_file_is_seen_within_a_second()
    {
        await File.WriteAllTextAsync(_file, First);
        await using var server = await StartAsync();
        using var alice = await server.ConnectAsync("alice");
        TurnServer.Verify(await JoinedAsync(alice), First);

        await File.WriteAllTextAsync(_file, $"{Second}\n{First}\n");
        TurnServer.Verify(await RejoinAsync(alice), First);
        server.Advance(TimeSpan.FromSeconds(1), alice);
        TurnServer.Verify(await RejoinAsync(alice), Second);
        await File.WriteAllTextAsync(_file, First);
        server.Advance(TimeSpan.FromSeconds(1), alice);
        TurnServer.Verify(await RejoinAsync(alice), First);

        Assert.That(server.Log.Lines.Count(line => line.Contains("secret", StringComparison.OrdinalIgnoreCase)), Is.EqualTo(2), "once for each change");
        AssertNothingTold(server.Log.Lines);
    }

    [TestCase("")]
    [TestCase("\n \n")]
    [TestCase("19-bytes-are-too-fe")]
    [TestCase("second-secret-of-the-turn-server\n19-bytes-are-too-fe")]
    [TestCase("second-secret-of-the-turn-server\nsecond-secret-of-the-turn-server\nfirst-secret-of-the-turn-server")]
    [TestCase(null)]
    public async Task A_file_that_went_bad_leaves_the_former_in_use_and_is_told_once(string? content)
    {
        await File.WriteAllTextAsync(_file, First);
        await using var server = await StartAsync();
        server.ExpectedErrors = 1;
        using var alice = await server.ConnectAsync("alice");
        await JoinedAsync(alice);

        if (content is null)
            File.Delete(_file);
        else
            await File.WriteAllTextAsync(_file, content);
        server.Advance(TimeSpan.FromSeconds(30), alice);

        TurnServer.Verify(await RejoinAsync(alice), First);
        Assert.That(server.Log.Errors.Count(), Is.EqualTo(1), string.Join('\n', server.Log.Errors));
        Assert.That(server.Log.Errors.Single(), Does.Contain(_file).And.Contain("The former secret stays in use."));
        AssertNothingTold(server.Log.Lines);
    }

    [Test]
    public async Task When_the_file_is_good_again_it_counts_again_and_the_next_fault_is_told_again()
    {
        await File.WriteAllTextAsync(_file, First);
        await using var server = await StartAsync();
        server.ExpectedErrors = 3;
        using var alice = await server.ConnectAsync("alice");
        await JoinedAsync(alice);
        (string, string, int)[] states = [("", First, 1), (First, First, 1), ("", First, 2), (Second, Second, 2), ("short", Second, 3), (First, First, 3)];
        foreach (var (content, secret, errors) in states)
        {
            await File.WriteAllTextAsync(_file, content);
            server.Advance(TimeSpan.FromSeconds(2), alice);

            TurnServer.Verify(await RejoinAsync(alice), secret);
            Assert.That(server.Log.Errors.Count(), Is.EqualTo(errors));
        }
    }

    [Test]
    public async Task A_secret_in_the_settings_is_used_as_it_is()
    {
        await using var server = await TestServer.StartAsync(RelayRoom.SettingsWith(("MeshSignal:Ice:TurnSecret", "exactly-twenty-bytes")));
        using var alice = await server.ConnectAsync("alice");

        TurnServer.Verify(await JoinedAsync(alice), "exactly-twenty-bytes");
        server.Advance(TimeSpan.FromSeconds(5), alice);

        TurnServer.Verify(await RejoinAsync(alice), "exactly-twenty-bytes");
    }

    [TestCase("19-bytes-are-too-fe", true)]
    [TestCase("20-bytes-are-enough.", false)]
    [TestCase("ééééééééé.", true)] // 19 bytes.
    [TestCase("éééééééééé", false)] // 20.
    public void A_secret_has_at_least_twenty_bytes(string secret, bool isError)
    {
        File.WriteAllText(_file, secret);
        var problems = new[] { new IceOptions { TurnSecret = secret }, new IceOptions { TurnSecretFile = _file } }.Select(TurnSecret.ProblemWith).ToList();

        Assert.That(problems, isError ? Is.All.Contains("too short") : Is.All.Null);
        Assert.That(problems, isError ? Is.All.Not.Contains(secret) : Is.All.Null);
    }

    [TestCase("")]
    [TestCase("\n\n")]
    [TestCase("first-secret-of-the-turn-server\nsecond-secret-of-the-turn-server\nsecond-secret-of-the-turn-server")]
    public void A_file_holds_one_secret_or_two(string content)
    {
        File.WriteAllText(_file, content);
        var problem = TurnSecret.ProblemWith(new IceOptions { TurnSecretFile = _file });

        Assert.That(problem, Does.Contain(_file).And.Contain("one secret, or two"));
        AssertNothingTold([problem!]);
    }

    [Test]
    public void A_file_that_cannot_be_read_is_a_problem_and_no_crash()
    {
        Assert.That(TurnSecret.ProblemWith(new IceOptions { TurnSecretFile = _file }), Does.Contain("cannot be read").And.Contain(_file));
        Assert.That(TurnSecret.ProblemWith(new IceOptions { TurnSecretFile = Path.GetTempPath() }), Does.Contain("cannot be read"));
        Assert.That(TurnSecret.ProblemWith(new IceOptions { TurnSecretFile = "a\0b" }), Does.Contain("cannot be read"));
    }

    [Test]
    public void Two_places_are_one_too_many()
    {
        File.WriteAllText(_file, First);
        var problem = TurnSecret.ProblemWith(new IceOptions { TurnSecretFile = _file, TurnSecret = Second });

        Assert.That(problem, Does.Contain("both set"));
        AssertNothingTold([problem!]);
    }

    [Test]
    public void Without_any_there_is_no_problem() => Assert.That(TurnSecret.ProblemWith(new IceOptions()), Is.Null);

    [Test]
    public void A_server_whose_secret_is_too_short_does_not_start_and_does_not_tell_it()
    {
        var settings = RelayRoom.SettingsWith(("MeshSignal:Ice:TurnSecret", "5ecre7"));
        var fault = Assert.ThrowsAsync<OptionsValidationException>(() => TestServer.StartAsync(settings));
        Assert.That(fault!.ToString(), Does.Not.Contain("5ecre7"));
    }

    private static void AssertNothingTold(IEnumerable<string> texts) =>
        Assert.That(texts, Is.All.Not.Contains(First).And.All.Not.Contains(Second).And.All.Not.Contains("19-bytes"));

    private static async Task<IceServer> JoinedAsync(TestPeer peer) => Turn((await peer.JoinAsync()).GetProperty("config"));

    /// <summary>Leaves and comes back for fresh credentials.</summary>
    private static async Task<IceServer> RejoinAsync(TestPeer peer)
    {
        await peer.LeaveAsync();
        await peer.ExpectAsync(MessageTypes.Left);
        return await JoinedAsync(peer);
    }

    private static IceServer Turn(JsonElement config)
    {
        var server = config.GetProperty("iceServers")[0];
        return new IceServer(server.Texts("urls"), server.Text("username"), server.Text("credential"));
    }

    private Task<TestServer> StartAsync() =>
        TestServer.StartAsync([.. RelayRoom.Settings.Where(setting => setting.Key != "MeshSignal:Ice:TurnSecret"), ("MeshSignal:Ice:TurnSecretFile", _file)]);
}
