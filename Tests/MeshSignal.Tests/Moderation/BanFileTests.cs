using System.Runtime.Versioning;
using System.Text.Json;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Moderation;

/// <summary>How bans outlive the server, and what happens if that goes wrong.</summary>
internal sealed class BanFileTests : IDisposable
{
    private const string Good = """{"version":1,"bans":[{"id":"0123456789abcdef","createdAt":"2026-01-01T00:00:00.000Z","by":"Mod","name":"Alice"}]}""";

    private readonly FakeClock _clock = new();
    private readonly CapturedLog _log = new();
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.PathOf("bans.json");

    public void Dispose()
    {
        _folder.Dispose();
        _log.Dispose();
    }

    [Test]
    public async Task All_of_a_ban_comes_back()
    {
        var list = Bans.Open(_clock, File);
        var ban = Bans.Of("user <1> \u00fc", "Alice", "2001:db8:1:2:3::1", TimeSpan.FromHours(1)) with { KnownAs = Valid.Name("Al-1ce"), Reason = "said \"no\" <b>, \u00e4nd so" };
        list.TryAdd(ban);
        list.TryAdd(Bans.Of(name: "Bob"));
        Assert.That(await list.SaveAsync(), Is.True);

        var again = Bans.Open(_clock, File).All;
        Assert.That(again, Is.EquivalentTo(list.All));
    }

    [Test]
    public async Task The_file_can_be_read_by_people()
    {
        var list = Bans.Open(_clock, File);
        list.TryAdd(Bans.Of(name: "Alice", address: "2001:db8::1") with { Id = "0123456789abcdef", Reason = "Grüße <3" });
        await list.SaveAsync();

        Assert.That(await System.IO.File.ReadAllTextAsync(File), Is.EqualTo("""
            {
              "version": 1,
              "bans": [
                {
                  "id": "0123456789abcdef",
                  "createdAt": "2026-01-01T00:00:00.000Z",
                  "by": "Mod",
                  "name": "Alice",
                  "address": "2001:db8::/64",
                  "reason": "Grüße <3"
                }
              ]
            }

            """));
    }

    [Test]
    [Platform(Exclude = "Win")]
    [UnsupportedOSPlatform("windows")]
    public async Task Only_its_owner_may_read_a_new_file_and_an_old_one_keeps_its_permissions()
    {
        var list = Bans.Open(_clock, File);
        list.TryAdd(Bans.Of("user-1"));
        await list.SaveAsync();
        Assert.That(System.IO.File.GetUnixFileMode(File), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));

        const UnixFileMode ForAGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        System.IO.File.SetUnixFileMode(File, ForAGroup);
        list.TryAdd(Bans.Of("user-2"));
        await list.SaveAsync();
        Assert.That(System.IO.File.GetUnixFileMode(File), Is.EqualTo(ForAGroup));
    }

    [TestCase("")]
    [TestCase("{\"version\":1,\"ba")]
    [TestCase("{\"version\":1,\"bans\":[]}")]
    public async Task What_a_crash_half_way_through_a_write_has_left_is_not_looked_at(string leftover)
    {
        await System.IO.File.WriteAllTextAsync(File, Good);
        await System.IO.File.WriteAllTextAsync(File + BanFile.TemporarySuffix, leftover);

        var list = Bans.Open(_clock, File);
        Assert.That(list.Find(null, Valid.Name("Alice"), null), Is.Not.Null);
        list.TryAdd(Bans.Of(name: "Bob"));
        Assert.That(await list.SaveAsync(), Is.True);

        Assert.That(System.IO.File.Exists(File + BanFile.TemporarySuffix), Is.False);
        Assert.That(Bans.Open(_clock, File).All, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Expired_bans_are_dropped_by_the_next_write()
    {
        var list = Bans.Open(_clock, File);
        list.TryAdd(Bans.Of("short", lasts: TimeSpan.FromMinutes(1)));
        await list.SaveAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        list.TryAdd(Bans.Of("long"));
        await list.SaveAsync();

        var written = JsonElement.Parse(await System.IO.File.ReadAllTextAsync(File));
        Assert.That(written.GetProperty("bans").EnumerateArray().Select(ban => ban.Text("subject")), Is.EqualTo(["long"]));
    }

    [Test]
    public async Task A_write_that_fails_is_told_and_logged_once_and_made_good_by_the_next()
    {
        await System.IO.File.WriteAllTextAsync(File, Good);
        var list = Bans.Open(_clock, File, _log);
        Directory.CreateDirectory(File + BanFile.TemporarySuffix); // Nobody can write a file there, not even root.
        list.TryAdd(Bans.Of("user-1"));

        Assert.That(await list.SaveAsync(), Is.False);
        Assert.That(_log.Errors, Has.Exactly(1).Items.And.All.Contains(File));
        Assert.That(list.Find("user-1", null, null), Is.Not.Null);
        Assert.That(await System.IO.File.ReadAllTextAsync(File), Is.EqualTo(Good));

        Directory.Delete(File + BanFile.TemporarySuffix);
        list.TryAdd(Bans.Of("user-2"));
        Assert.That(await list.SaveAsync(), Is.True);
        Assert.That(Bans.Open(_clock, File).All, Has.Count.EqualTo(3));
    }

    [TestCase("", "is no list of bans: line 1")]
    [TestCase("{\"version\":1,\"bans\":[", "is no list of bans: line 1")]
    [TestCase("null", "is no list of bans of version 1")]
    [TestCase("[]", "is no list of bans")]
    [TestCase("""{"version":2,"bans":[]}""", "is no list of bans of version 1")]
    [TestCase("""{"version":1}""", "is no list of bans")]
    [TestCase("""{"version":1,"bans":null}""", "is no list of bans")]
    [TestCase("""{"version":1,"bans":[],"more":1}""", "($.more)")]
    [TestCase("""{"version":1,"bans":[],"bans":[]}""", "is no list of bans")]
    [TestCase("""{"version":1,"bans":[null]}""", "number 1 of the bans is none")]
    [TestCase("""{"version":1,"bans":[{"id":"0123456789abcdef","createdAt":"2026-01-01T00:00:00.000Z","by":"Mod"}]}""", "number 1 of the bans is none")]
    [TestCase("""{"version":1,"bans":[{"id":"0123456789abcdef","createdAt":"2026-01-01T00:00:00.000Z","name":"Alice"}]}""", "is no list of bans")]
    [TestCase("""{"version":1,"bans":[{"id":"x","createdAt":"2026-01-01T00:00:00.000Z","by":"Mod","name":"Alice"}]}""", "number 1 of the bans is none")]
    [TestCase("""{"version":1,"bans":[{"id":"0123456789abcdef","createdAt":"yesterday","by":"Mod","name":"Alice"}]}""", "number 1 of the bans is none")]
    [TestCase("""{"version":1,"bans":[{"id":"0123456789abcdef","createdAt":"2026-01-01T00:00:00.000Z","by":"Mod","name":"A b"}]}""", "number 1 of the bans is none")]
    [TestCase("""{"version":1,"bans":[{"id":"0123456789abcdef","createdAt":"2026-01-01T00:00:00.000Z","by":"Mod","address":"1"}]}""", "number 1 of the bans is none")]
    public void A_file_that_is_no_list_ends_the_start_and_stays_as_it_is(string content, string expected)
    {
        System.IO.File.WriteAllText(File, content);

        Assert.That(Errors(File), Has.Count.EqualTo(1).And.All.StartsWith($"MeshSignal:Admin:BansFile {File}").And.All.Contains(expected));
        Assert.That(System.IO.File.ReadAllText(File), Is.EqualTo(content));
    }

    [Test]
    public void Two_bans_of_one_id_and_more_bans_than_can_be_held_end_the_start()
    {
        var ban = Good[(Good.IndexOf('[', StringComparison.Ordinal) + 1)..Good.IndexOf(']', StringComparison.Ordinal)];
        System.IO.File.WriteAllText(File, $$"""{"version":1,"bans":[{{ban}},{{ban}}]}""");
        Assert.That(Errors(File), Has.Count.EqualTo(1).And.All.Contains("number 2"));

        var many = Enumerable.Range(0, BanList.MaxBans + 1).Select(i => ban.Replace("0123456789abcdef", $"{i:x16}", StringComparison.Ordinal));
        System.IO.File.WriteAllText(File, $$"""{"version":1,"bans":[{{string.Join(',', many)}}]}""");
        Assert.That(Errors(File), Has.Count.EqualTo(1).And.All.Contains("more than 10000"));
    }

    [Test]
    public void A_file_that_is_not_there_yet_is_an_empty_list() => Assert.That(Errors(File), Is.Empty);

    [Test]
    public void A_folder_in_its_place_or_none_around_it_ends_the_start()
    {
        Directory.CreateDirectory(File);
        Assert.That(Errors(File), Has.Count.EqualTo(1).And.All.Contains("cannot be read"));
        Assert.That(Errors(_folder.PathOf("nowhere/bans.json")), Has.Count.EqualTo(1).And.All.Contains("no such folder"));
        Assert.That(Errors("bans.json"), Has.Count.EqualTo(1).And.All.Contains("absolute path"));
    }

    [TestCase("2026-01-01T00:00:00Z", true)]
    [TestCase("2026-01-01T00:00:00.5Z", true)]
    [TestCase("2026-01-01T02:00:00+02:00", true)]
    [TestCase("2026-01-01T00:00:00", false)]
    [TestCase("2026-01-01", false)]
    [TestCase("1767225600", false)]
    public void A_time_says_where_it_counts_from(string text, bool isOne)
    {
        Assert.That(BanText.TryParseTime(text, out var at), Is.EqualTo(isOne));
        if (isOne)
            Assert.That(BanText.Format(at)[..19], Is.EqualTo("2026-01-01T00:00:00"));
    }

    private static IReadOnlyList<string> Errors(string path) => ConfigurationCheck.Errors(
        new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("MeshSignal:Admin:BansFile", (string?)path)]).Build());
}
