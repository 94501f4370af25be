using System.Globalization;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Tests.Chat;

internal sealed class HistoryTests
{
    private static readonly HistoryEntry Line = new(MessageTypes.System, null, "x", default);

    [Test]
    public void An_empty_history_is_a_message_too() => Assert.That(Texts(new History(new ChatOptions())), Is.Empty);

    [Test]
    public void Lines_come_oldest_first()
    {
        var history = new History(new ChatOptions());
        Add(history, 3);
        Assert.That(Texts(history), Is.EqualTo(["0", "1", "2"]));
    }

    [Test]
    public void The_last_hundred_are_kept()
    {
        var history = new History(new ChatOptions());
        Add(history, 250);
        Assert.That(Texts(history), Is.EqualTo(Enumerable.Range(150, 100).Select(number => $"{number}")));
    }

    [Test]
    public void So_many_bytes_are_kept_and_the_oldest_lines_go()
    {
        var size = MessageCodec.Encode(Line).Length;
        var history = new History(new ChatOptions { HistoryBytes = (3 * size) + size - 1 });
        Add(history, 8);
        Assert.That(Texts(history), Is.EqualTo(["5", "6", "7"]));
    }

    [Test]
    public void Bytes_are_counted_as_encoded()
    {
        var history = new History(new ChatOptions { HistoryBytes = MessageCodec.Encode(Line with { Text = "ä" }).Length });
        history.Add(Line with { Text = "ä" });
        Assert.That(Texts(history), Is.EqualTo(["ä"]));
        history.Add(Line with { Text = "äx" });
        Assert.That(Texts(history), Is.Empty);
    }

    [Test]
    public void A_line_that_alone_is_too_large_leaves_nothing()
    {
        var history = new History(new ChatOptions { HistoryBytes = 200 });
        Add(history, 1);
        history.Add(Line with { Text = new string('x', 200) });
        Assert.That(Texts(history), Is.Empty);
        Add(history, 1);
        Assert.That(Texts(history), Is.EqualTo(["0"]));
    }

    [Test]
    public void Without_history_nothing_is_kept()
    {
        foreach (var options in new[] { new ChatOptions { History = 0 }, new ChatOptions { HistoryBytes = 0 } })
        {
            var history = new History(options);
            Add(history, 3);
            Assert.That(Texts(history), Is.Empty);
        }
    }

    private static void Add(History history, int count)
    {
        for (var i = 0; i < count; i++)
            history.Add(Line with { Text = i.ToString(CultureInfo.InvariantCulture) });
    }

    private static IEnumerable<string> Texts(History history) =>
        JsonElement.Parse(history.ToMessage().Utf8.Span).GetProperty("messages").EnumerateArray().Select(line => line.GetProperty("text").GetString()!);
}
