using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary><c>/kick</c>, <c>/ban</c> and <c>/unban</c>, word for word as js-chat-server says it. Alice is the moderator.</summary>
internal sealed class ModeratorCommandTests
{
    [Test]
    public async Task Kick_is_told_to_the_target_and_to_all()
    {
        await using var lobby = await OpenAsync();

        await lobby.Alice.SayAsync("/kick bob");

        await lobby.Bob.ExpectSystemAsync("You have been kicked by an admin.");
        await lobby.Bob.ExpectSystemAsync("Bob was kicked by Alice.");
        await lobby.Bob.ExpectCloseAfterNothingAsync(CloseCode.Kicked);
        await lobby.Alice.ExpectSystemAsync("Bob was kicked by Alice.");
        await lobby.Alice.ExpectSystemAsync("Bob has left.");
        await lobby.Alice.ExpectNothingAsync();
        using var bob = await lobby.Server.ConnectLegacyAsync("Bob");
    }

    [Test]
    public async Task Ban_is_told_to_the_target_to_all_and_to_the_moderator()
    {
        await using var lobby = await OpenAsync();

        await lobby.Alice.SayAsync("/ban bob");

        await lobby.Bob.ExpectSystemAsync("You have been banned by an admin.");
        await lobby.Bob.ExpectSystemAsync("Bob was banned by Alice.");
        await lobby.Bob.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        await lobby.Alice.ExpectSystemAsync("Bob was banned by Alice.");
        await lobby.Alice.ExpectSystemAsync("Bob has left.");
        await lobby.Alice.ExpectSystemAsync("User \"Bob\" is now banned.");
        await lobby.Alice.SayAsync("/ban B0B");
        await lobby.Alice.ExpectSystemAsync("B0B is already banned.");
        using var bob = lobby.Server.Open(new ConnectionRequest(Profile.Legacy, "Bob"));
        await bob.ExpectSystemAsync("You are banned.");
    }

    [Test]
    public async Task Unban_is_told_to_all_and_lets_in_again()
    {
        await using var lobby = await OpenAsync();
        await lobby.Alice.SayAsync("/ban Bob");
        await lobby.Alice.SettleAsync();

        await lobby.Alice.SayAsync("/unban bob");

        await lobby.Alice.ExpectSystemAsync("bob was unbanned by Alice.");
        await lobby.Alice.ExpectSystemAsync("bob has been unbanned.");
        await lobby.Alice.SayAsync("/unban bob");
        await lobby.Alice.ExpectSystemAsync("bob is not banned.");
        using var bob = await lobby.Server.ConnectLegacyAsync("Bob");
    }

    [Test]
    public async Task A_ban_of_the_operators_is_not_theirs_to_take_back()
    {
        await using var lobby = await OpenAsync();
        await lobby.Server.BanAsync(Bans.Of(name: "Carol") with { By = Authority.Operator.Name });
        await lobby.Server.BanAsync(Bans.Of("user-9") with { KnownAs = Valid.Name("Carol"), By = Authority.Operator.Name });

        await lobby.Alice.SayAsync("/unban carol");

        await lobby.Alice.ExpectSystemAsync("carol was banned by the operator, who alone can take that back.");
        await lobby.Alice.ExpectNothingAsync();
        await lobby.Bob.ExpectNothingAsync();
        Assert.That(lobby.Server.Get<BanList>().All, Has.Count.EqualTo(2));
        using var carol = lobby.Server.Open(new ConnectionRequest(Profile.Legacy, "carol"));
        await carol.ExpectSystemAsync("You are banned.");
    }

    [Test]
    public async Task Beside_one_of_the_operators_they_take_back_their_own_and_are_told_what_remains()
    {
        await using var lobby = await OpenAsync();
        await lobby.Server.BanAsync(Bans.Of(name: "Carol"));
        await lobby.Server.BanAsync(Bans.Of("user-9") with { KnownAs = Valid.Name("Carol"), By = Authority.Operator.Name });

        await lobby.Alice.SayAsync("/unban Carol");

        await lobby.Alice.ExpectSystemAsync("Carol was banned by the operator, who alone can take that back.");
        await lobby.Bob.ExpectNothingAsync();
        Assert.That(lobby.Server.Get<BanList>().All.Single().Subject, Is.EqualTo("user-9"));
    }

    [Test]
    public async Task A_name_that_nobody_has_can_be_banned_too()
    {
        await using var lobby = await OpenAsync();

        await lobby.Alice.SayAsync("/ban Carol");

        await lobby.Alice.ExpectSystemAsync("Carol was banned by Alice.");
        await lobby.Alice.ExpectSystemAsync("User \"Carol\" is now banned.");
        await lobby.Bob.ExpectSystemAsync("Carol was banned by Alice.");
        using var carol = lobby.Server.Open(new ConnectionRequest(Profile.Legacy, "carol"));
        await carol.ExpectSystemAsync("You are banned.");
    }

    [Test]
    public async Task Whoever_has_a_subject_is_banned_by_it_and_found_by_its_name()
    {
        await using var lobby = await OpenAsync();
        lobby.Server.Identify(lobby.Bob, "user-1");

        await lobby.Alice.SayAsync("/ban Bob");
        await lobby.Bob.ExpectCloseAsync(CloseCode.Banned);
        await lobby.Alice.SettleAsync();

        var ban = lobby.Server.Get<BanList>().All.Single();
        Assert.That((ban.Subject, ban.Name, ban.KnownAs?.Value, ban.Address, ban.By), Is.EqualTo(("user-1", Valid.Name("Bob"), (string?)null, (object?)null, "Alice")), "by name too: nobody needs a token here");
        await lobby.Alice.SayAsync("/ban bob");
        await lobby.Alice.ExpectSystemAsync("bob is already banned.");
        await lobby.Alice.SayAsync("/unban bob");
        await lobby.Alice.ExpectSystemAsync("bob was unbanned by Alice.");
        Assert.That(lobby.Server.Get<BanList>().All, Is.Empty);
    }

    [Test]
    public async Task A_namesake_of_one_banned_by_subject_can_be_banned_by_name()
    {
        await using var lobby = await OpenAsync();
        await lobby.Server.BanAsync(Bans.Of("user-1") with { KnownAs = Valid.Name("Bob") });

        await lobby.Alice.SayAsync("/ban Bob");

        await lobby.Bob.ExpectCloseAsync(CloseCode.Banned);
        Assert.That(lobby.Server.Get<BanList>().Find(null, Valid.Name("Bob"), null), Is.Not.Null);
    }

    [Test]
    public async Task A_ban_holds_in_every_scope_and_a_kick_reaches_into_none_but_its_own()
    {
        await using var lobby = await OpenAsync();
        using var carol = await lobby.Server.ConnectLegacyAsync("Carol", "annex");
        await lobby.Alice.SayAsync("/kick Carol");
        await lobby.Alice.ExpectSystemAsync("User \"Carol\" not found.");
        await carol.ExpectNothingAsync();

        await lobby.Alice.SayAsync("/ban Carol");

        await carol.ExpectSystemAsync("You have been banned by an admin.");
        await carol.ExpectSystemAsync("Carol was banned by Alice.");
        await carol.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        await lobby.Alice.ExpectSystemAsync("Carol was banned by Alice.");
    }

    [TestCase("/kick", "Please specify a username to kick.")]
    [TestCase("/ban", "Please specify a username to ban.")]
    [TestCase("/unban", "Please specify a username to unban.")]
    [TestCase("/kick a b c", "Illegal username in /kick command.")]
    [TestCase("/ban x", "Illegal username in /ban command.")]
    [TestCase("/unban Zoë", "Illegal username in /unban command.")]
    [TestCase("/kick Nobody", "User \"Nobody\" not found.")]
    [TestCase("/unban Nobody", "Nobody is not banned.")]
    public async Task What_cannot_be_done_is_told_to_the_moderator_only(string command, string text)
    {
        await using var lobby = await OpenAsync();

        await lobby.Alice.SayAsync(command);

        await lobby.Alice.ExpectSystemAsync(text);
        await lobby.Alice.ExpectNothingAsync();
        await lobby.Bob.ExpectNothingAsync();
    }

    [TestCase("/kick Alice")]
    [TestCase("/ban Alice")]
    [TestCase("/unban Carol")]
    public async Task Others_have_no_permission_and_change_nothing(string command)
    {
        await using var lobby = await OpenAsync();
        await lobby.Server.BanAsync(Bans.Of(name: "Carol"));

        await lobby.Bob.SayAsync(command);

        await lobby.Bob.ExpectSystemAsync($"You do not have permission to use {command.Split(' ')[0]}.");
        await lobby.Alice.ExpectNothingAsync();
        Assert.That(lobby.Server.Get<BanList>().All, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Help_shows_them_to_moderators_only()
    {
        await using var lobby = await OpenAsync();
        await lobby.Alice.SayAsync("/help");
        await lobby.Bob.SayAsync("/help");

        var (moderators, others) = ((await lobby.Alice.ExpectAsync(MessageTypes.System)).Text("text"), (await lobby.Bob.ExpectAsync(MessageTypes.System)).Text("text"));
        Assert.That(moderators, Is.EqualTo($"{others}\n/kick <username> - Kick a user.\n/ban <username> - Ban a user.\n/unban <username> - Unban a user."));
        Assert.That(others, Does.Not.Contain("/kick"));
    }

    [Test]
    public async Task A_ban_that_cannot_be_stored_holds_and_says_so()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf($"bans.json{BanFile.TemporarySuffix}"));
        await using var lobby = await OpenAsync(("MeshSignal:Admin:BansFile", folder.PathOf("bans.json")));
        lobby.Server.ExpectedErrors = 1;

        await lobby.Alice.SayAsync("/ban Carol");

        await lobby.Alice.ExpectSystemAsync("Carol was banned by Alice.");
        await lobby.Alice.ExpectSystemAsync("User \"Carol\" is now banned. It could not be stored, and is forgotten when the server stops.");
        using var carol = lobby.Server.Open(new ConnectionRequest(Profile.V1, "Carol"));
        await carol.ExpectErrorAsync(ErrorCode.Banned);
        Assert.That(lobby.Server.Log.Errors, Has.Exactly(1).Items);
    }

    [Test]
    public async Task Nobody_is_banned_when_the_list_is_full()
    {
        await using var lobby = await OpenAsync();
        for (var i = 0; i < BanList.MaxBans; i++)
            lobby.Server.Get<BanList>().TryAdd(Bans.Of($"user-{i}"));

        await lobby.Alice.SayAsync("/ban Bob");

        await lobby.Alice.ExpectSystemAsync("There are too many bans.");
        await lobby.Bob.ExpectNothingAsync();
    }

    private static async Task<Lobby> OpenAsync(params (string Key, string Value)[] settings)
    {
        var lobby = await Lobby.OpenAsync(settings);
        lobby.Server.Identify(lobby.Alice, isModerator: true);
        return lobby;
    }
}
