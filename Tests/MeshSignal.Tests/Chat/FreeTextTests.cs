using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

/// <summary>What users write must not be able to fool the terminals and pages that show it.</summary>
internal sealed class FreeTextTests
{
    [Test]
    public void Of_all_characters_only_controls_and_those_that_turn_the_writing_are_refused()
    {
        var refused = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Where(value => !FreeText.IsClean($"a{new Rune(value)}b")).ToList();

        int[] expected =
        [
            .. Enumerable.Range(0, 0x20).Except(['\n', '\t']), .. Enumerable.Range(0x7F, 0x21), .. Enumerable.Range(0x202A, 5), .. Enumerable.Range(0x2066, 4), 0xFEFF,
        ];
        Assert.That(refused, Is.EqualTo(expected));
    }

    [TestCase("\u001b[2J")]
    [TestCase("harmless\rnothing to see")]
    [TestCase("gnp\u202Egpj.exe")]
    public async Task Such_a_line_is_refused_and_reaches_nobody(string text)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        using var bob = await server.ConnectAsync("bob", chat: true);
        await alice.ExpectSystemAsync("bob has joined.");

        await alice.SayAsync(text);
        await alice.ExpectSystemAsync("Invalid message structure.");
        await bob.SendAsync(MessageTypes.Chat, new { id = 1, content = text });
        await bob.ExpectErrorAsync(ErrorCode.InvalidMessage, 1);

        await alice.ExpectNothingAsync();
        await bob.ExpectNothingAsync();
    }
}
