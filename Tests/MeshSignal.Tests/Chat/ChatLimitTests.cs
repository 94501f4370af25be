using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

internal sealed class ChatLimitTests
{
    private const string TooFast = "You are sending messages too fast. Limit is 3 per second.";

    [Test]
    public async Task The_fourth_message_within_a_second_is_too_fast_and_a_second_later_it_is_not()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");

        for (var i = 0; i < 3; i++)
        {
            await alice.SayAsync($"{i}");
            await alice.ExpectChatAsync("Alice", $"{i}");
        }

        await alice.SayAsync("3");
        await alice.ExpectSystemAsync(TooFast);
        await alice.ExpectNothingAsync();
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        await alice.SayAsync("4");
        await alice.ExpectChatAsync("Alice", "4");
    }

    [Test]
    public async Task V1_is_told_when_to_try_again()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Chat:MessagesPerSecond", "1"));
        using var alice = await server.ConnectAsync("alice", chat: true);
        await alice.SayAsync("0");
        await alice.ExpectChatAsync("alice", "0");
        server.Clock.Advance(TimeSpan.FromMilliseconds(400));

        await alice.SendAsync(MessageTypes.Chat, new { content = "1", id = 7 });

        var error = await alice.ExpectErrorAsync(ErrorCode.RateLimited);
        Assert.That((error.GetProperty("id").GetInt32(), error.GetProperty("retryAfterMs").GetInt32()), Is.EqualTo((7, 600)));
        Assert.That((error.Text("error"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo(("You are sending messages too fast. Limit is 1 per second.", true)));
    }

    [Test]
    public async Task Commands_count_too()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");

        for (var i = 0; i < 3; i++)
        {
            await alice.SayAsync("/list");
            await alice.ExpectSystemAsync("Online users: Alice");
        }

        await alice.SayAsync("/list");
        await alice.ExpectSystemAsync(TooFast);
    }

    [Test]
    public async Task A_text_may_have_2000_UTF_16_units_and_not_one_more()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        var faces = string.Concat(Enumerable.Repeat("\ud83d\ude00", 1000)); // Two units and four bytes each.

        await alice.SayAsync(faces);
        await alice.ExpectChatAsync("Alice", faces);
        await alice.SayAsync(faces + "x");
        await alice.ExpectSystemAsync("Your message is too long. Max 2000 characters.");
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Its_length_is_counted_after_trimming()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        var text = new string('x', 2000);

        await alice.SayAsync($"  {text}  ");

        await alice.ExpectChatAsync("Alice", text);
    }

    [Test]
    public async Task A_text_may_have_5120_bytes_of_UTF_8_and_not_one_more()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        var threeBytesEach = new string('\u20ac', 1706) + "xx"; // 5118 + 2.

        await alice.SayAsync(threeBytesEach);
        await alice.ExpectChatAsync("Alice", threeBytesEach);
        await alice.SayAsync(threeBytesEach + "x");
        await alice.ExpectSystemAsync("Your message is too large. Max 5KB.");
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task V1_gets_both_as_too_large_with_those_words()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice", chat: true);

        await alice.SayAsync(new string('x', 2001));
        Assert.That((await alice.ExpectErrorAsync(ErrorCode.TooLarge)).Text("error"), Is.EqualTo("Your message is too long. Max 2000 characters."));
        await alice.SayAsync(new string('\u20ac', 1900));
        Assert.That((await alice.ExpectErrorAsync(ErrorCode.TooLarge)).Text("error"), Is.EqualTo("Your message is too large. Max 5KB."));
    }
}
