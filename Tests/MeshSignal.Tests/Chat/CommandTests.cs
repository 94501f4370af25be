using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

/// <summary>What begins with a slash: answered to the asker in js-chat-server's words, and never shown to others.</summary>
internal sealed class CommandTests
{
    [Test]
    public async Task Help_has_one_line_for_each_command()
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SayAsync("/help");

        // Word for word what js-chat-server says of those that there are, but for the condition of /nick.
        var help = (await lobby.Alice.ExpectAsync(MessageTypes.System)).Text("text").Split('\n');
        Assert.That(help, Is.EqualTo([
            "/nick <name> - Change your nickname, except in a call.", "/list - List online users.", "/block <username> - Block a user for 12 hours.",
            "/unblock <username> - Unblock a user.", "/help - Show this help message.",
        ]));
        await lobby.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Nick_is_told_to_all_under_both_names()
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SayAsync("/nick Carol");
        await lobby.Alice.ExpectSystemAsync("Alice is now Carol");
        await lobby.Bob.ExpectSystemAsync("Alice is now Carol");
        await lobby.Alice.SayAsync("hello");

        await lobby.Bob.ExpectChatAsync("Carol", "hello");
    }

    [Test]
    public async Task The_former_name_is_free_and_the_new_one_is_not()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Alice.SayAsync("/nick Carol");
        await lobby.Alice.ExpectSystemAsync("Alice is now Carol");

        using var alice = await lobby.Server.ConnectAsync("Alice");
        using var carol = lobby.Server.Open(new ConnectionRequest(Profile.V1, "carol"));

        await carol.ExpectErrorAsync(ErrorCode.NameTaken);
    }

    [Test]
    public async Task A_second_nick_has_to_wait()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Alice.SayAsync("/nick Carol");
        await lobby.Alice.ExpectSystemAsync("Alice is now Carol");
        lobby.Server.Clock.Advance(TimeSpan.FromMilliseconds(9_500));

        await lobby.Alice.SayAsync("/nick Dave");
        await lobby.Alice.ExpectSystemAsync("You can only change your nickname once every 30 seconds. Please wait 21 more seconds.");
        lobby.Server.Advance(TimeSpan.FromMilliseconds(20_500), lobby.Alice, lobby.Bob);
        await lobby.Alice.SayAsync("/nick Dave");
        await lobby.Alice.ExpectSystemAsync("Carol is now Dave");
    }

    [Test]
    [TestCase("Bob", "Username \"Bob\" is already taken.")]
    [TestCase("bob", "Username \"bob\" is already taken.")]
    [TestCase("B0b", "Username \"B0b\" is already taken.")]
    [TestCase("admin", "Username \"admin\" is already taken.")]
    [TestCase("x", "Illegal username. Must be 3-20 characters, only letters, digits, underscore, dash.")]
    [TestCase("a b c", "Illegal username. Must be 3-20 characters, only letters, digits, underscore, dash.")]
    [TestCase("", "Illegal username. Must be 3-20 characters, only letters, digits, underscore, dash.")]
    public async Task Nick_to_a_name_that_cannot_be_had_changes_nothing(string name, string text)
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SayAsync($"/nick {name}");
        await lobby.Alice.ExpectSystemAsync(text);
        await lobby.Bob.ExpectNothingAsync();

        await lobby.Alice.SayAsync("/nick Carol"); // Nor did it cost the cooldown.
        await lobby.Alice.ExpectSystemAsync("Alice is now Carol");
    }

    [Test]
    public async Task Nick_may_change_nothing_but_case()
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SayAsync("/nick ALICE");

        await lobby.Alice.ExpectSystemAsync("Alice is now ALICE");
    }

    [Test]
    public async Task Nick_in_a_call_is_refused()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Alice.SendAsync(MessageTypes.Join);
        await lobby.Alice.SettleAsync();

        await lobby.Alice.SayAsync("/nick Carol");
        await lobby.Alice.ExpectSystemAsync("You cannot change your nickname during a call.");
        await lobby.Alice.SendAsync(MessageTypes.Leave);
        await lobby.Alice.ExpectSystemAsync("Alice left voice chat");
        await lobby.Alice.SayAsync("/nick Carol");
        await lobby.Alice.ExpectSystemAsync("Alice is now Carol");
    }

    [Test]
    public async Task A_blocked_user_is_marked_in_the_list_and_not_heard()
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SayAsync("/block bob");
        await lobby.Alice.ExpectSystemAsync("You have blocked Bob for 12 hours.");
        await lobby.Alice.SayAsync("/list");
        await lobby.Alice.ExpectSystemAsync("Online users: Alice, [B]Bob");
        await lobby.Bob.SayAsync("hello");
        await lobby.Bob.SendAsync(MessageTypes.Typing);
        await lobby.Bob.ExpectChatAsync("Bob", "hello");
        await lobby.Bob.SayAsync("/list");
        await lobby.Bob.ExpectSystemAsync("Online users: Alice, Bob");

        await lobby.Alice.ExpectNothingAsync();
        await lobby.Alice.SayAsync("/unblock BOB");
        await lobby.Alice.ExpectSystemAsync("You have unblocked Bob.");
        await lobby.Bob.SayAsync("again");
        await lobby.Alice.ExpectChatAsync("Bob", "again");
    }

    [Test]
    public async Task A_block_is_over_after_12_hours()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Alice.SayAsync("/block Bob");
        await lobby.Alice.ExpectSystemAsync("You have blocked Bob for 12 hours.");

        lobby.Server.Advance(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1), lobby.Alice, lobby.Bob);
        await lobby.Bob.SayAsync("early");
        await lobby.Bob.ExpectChatAsync("Bob", "early");
        await lobby.Alice.ExpectNothingAsync();
        lobby.Server.Advance(TimeSpan.FromSeconds(1), lobby.Alice, lobby.Bob);
        await lobby.Bob.SayAsync("late");

        await lobby.Alice.ExpectChatAsync("Bob", "late");
        await lobby.Alice.SayAsync("/list");
        await lobby.Alice.ExpectSystemAsync("Online users: Alice, Bob");
        await lobby.Alice.SayAsync("/unblock Bob");
        await lobby.Alice.ExpectSystemAsync("bob was not blocked.");
    }

    [Test]
    public async Task A_block_follows_its_user_through_a_new_nick()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Alice.SayAsync("/block Bob");
        await lobby.Alice.ExpectSystemAsync("You have blocked Bob for 12 hours.");

        await lobby.Bob.SayAsync("/nick Rob");
        await lobby.Alice.ExpectSystemAsync("Bob is now Rob");
        await lobby.Bob.SayAsync("hello");
        await lobby.Bob.SettleAsync();

        await lobby.Alice.SayAsync("/list");
        await lobby.Alice.ExpectSystemAsync("Online users: Alice, [B]Rob");
    }

    [Test]
    [TestCase("/block", "Usage: /block <username>")]
    [TestCase("/block Nobody", "User \"nobody\" not found.")]
    [TestCase("/block alice", "You cannot block yourself.")]
    [TestCase("/unblock Bob", "bob was not blocked.")]
    [TestCase("/unblock Nobody", "nobody was not blocked.")]
    [TestCase("/kick", "You do not have permission to use /kick.")]
    [TestCase("/ban Alice", "You do not have permission to use /ban.")]
    [TestCase("/unban Alice", "You do not have permission to use /unban.")]
    [TestCase("/unblock", "Usage: /unblock <username>")]
    [TestCase("/frobnicate", "Unknown command. Type /help for a list.")]
    [TestCase("/", "Unknown command. Type /help for a list.")]
    [TestCase("  /helpme", "Unknown command. Type /help for a list.")]
    [TestCase("/login alice secret", "This server has no accounts.")]
    [TestCase("/register alice secret", "This server has no accounts.")]
    public async Task What_cannot_be_done_is_told_to_the_asker_only(string command, string text)
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SayAsync(command);

        await lobby.Alice.ExpectSystemAsync(text);
        await lobby.Alice.ExpectNothingAsync();
        await lobby.Bob.ExpectNothingAsync();
    }
}
