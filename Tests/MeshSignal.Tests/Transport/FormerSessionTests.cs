using MeshSignal.Protocol;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace MeshSignal.Tests.Transport;

/// <summary>The entries beside the subprotocol that name the session a client has had.</summary>
internal sealed class FormerSessionTests
{
    private const string Token = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Other = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

    [TestCase($"resume.{Token}.0", 0L)]
    [TestCase($"resume.{Token}.7", 7L)]
    [TestCase($"resume.{Token}.0000000007", 7L)]
    [TestCase($"resume.{Token}.9999999999", 9_999_999_999L)]
    [TestCase($"release.{Token}", null)]
    [TestCase($"meshsignal.v1,resume.{Token}.7", 7L)]
    [TestCase($"resume.{Token}.7, meshsignal.v1", 7L)]
    [TestCase($"meshsignal.v1 , \t resume.{Token}.7 \t ,chat", 7L)]
    [TestCase($",,resume.{Token}.7,", 7L)]
    [TestCase($"resume.{Token}.x,resume.{Token}.7", 7L)]
    public void Entry_names_a_session(string field, long? count) => AssertNames(Token, count, field);

    [TestCase("")]
    [TestCase("meshsignal.v1")]
    [TestCase("resume")]
    [TestCase("resume.")]
    [TestCase($"resume.{Token}")]
    [TestCase($"resume.{Token}.")]
    [TestCase($"resume.{Token}.-1")]
    [TestCase($"resume.{Token}.+1")]
    [TestCase($"resume.{Token}.1.0")]
    [TestCase($"resume.{Token}.1e2")]
    [TestCase($"resume.{Token}.0x1")]
    [TestCase($"resume.{Token}. 1")]
    [TestCase($"resume.{Token}.1 2")]
    [TestCase($"resume.{Token}.10000000000")]
    [TestCase($"resume.{Token}.00000000001")]
    [TestCase($"resume.{Token}.٣")]
    [TestCase($"resume.{Token}0.1")]
    [TestCase($"resume.0{Token}.1")]
    [TestCase("resume.0123456789abcdef.1")]
    [TestCase("resume.0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF.1")]
    [TestCase("resume.g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.1")]
    [TestCase($"RESUME.{Token}.1")]
    [TestCase($"Resume.{Token}.1")]
    [TestCase($"xresume.{Token}.1")]
    [TestCase($"resumes.{Token}.1")]
    [TestCase($"resume{Token}.1")]
    [TestCase($"resume..{Token}.1")]
    [TestCase($"resume.{Token}.1;q=1")]
    [TestCase($"\"resume.{Token}.1\"")]
    [TestCase("release")]
    [TestCase("release.")]
    [TestCase($"release.{Token}.")]
    [TestCase($"release.{Token}.1")]
    [TestCase($"release.{Token}0")]
    [TestCase($"RELEASE.{Token}")]
    public void What_is_not_well_formed_is_ignored(string field) =>
        Assert.That(WebSocketUpgrade.Former(Request(field)), Is.Null);

    [Test]
    public void Entry_may_stand_in_any_of_several_fields()
    {
        AssertNames(Token, 7, "meshsignal.v1", $"resume.{Token}.7");
        AssertNames(Token, 7, $"chat, resume.{Token}.7", "meshsignal.v1");
    }

    [Test]
    public void The_first_of_several_counts()
    {
        AssertNames(Token, 7, $"resume.{Token}.7,resume.{Other}.8,release.{Other}");
        AssertNames(Other, null, $"release.{Other}", $"resume.{Token}.7");
    }

    [Test]
    public void Without_any_field_none_is_named() => Assert.That(WebSocketUpgrade.Former(new DefaultHttpContext().Request), Is.Null);

    [TestCase("resume.{0}.1", true)]
    [TestCase("release.{0}", false)]
    public async Task Entry_is_read_and_never_selected(string entry, bool isResumed)
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await RawSocket.OpenAsync(server.Port, "?username=alice");
        entry = entry.Replace("{0}", alice.Token, StringComparison.Ordinal);

        using var back = await RawSocket.ConnectAsync(server.Port);
        var response = await back.RequestAsync("GET / HTTP/1.1", [.. RawSocket.UpgradeFields, $"Sec-WebSocket-Protocol: {entry}", "Sec-WebSocket-Protocol: meshsignal.v1"]);

        Assert.That(response.Field("Sec-WebSocket-Protocol"), Is.EqualTo("meshsignal.v1"));
        Assert.That(response.Head, Does.Not.Contain(alice.Token));
        var greeting = System.Text.Json.JsonElement.Parse((await back.ReadFrameAsync()).Text);
        Assert.That((greeting.GetProperty("resumed").GetBoolean(), greeting.Text("username")), Is.EqualTo((isResumed, "alice")));
        Assert.That((await alice.ReadCloseAsync()).CloseCode, Is.EqualTo((int)CloseCode.Replaced));
        Assert.That(server.Log.Lines, Has.None.Contains(alice.Token).And.None.Contains(greeting.Text("token")));
    }

    [TestCase("resume.{0}.1")]
    [TestCase("release.{0}")]
    [TestCase("resume.{0}.1, meshsignal.v2, Meshsignal.v1")]
    public async Task Legacy_client_names_none(string entries)
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await RawSocket.OpenAsync(server.Port, "?username=alice");

        using var legacy = await RawSocket.ConnectAsync(server.Port);
        var response = await legacy.RequestAsync(
            "GET /?username=bob&chat=off HTTP/1.1", [.. RawSocket.UpgradeFields, $"Sec-WebSocket-Protocol: {entries.Replace("{0}", alice.Token, StringComparison.Ordinal)}"]);

        Assert.That((response.Status, response.Field("Sec-WebSocket-Protocol")), Is.EqualTo((101, (string?)null)));
        var greeting = System.Text.Json.JsonElement.Parse((await legacy.ReadFrameAsync()).Text);
        Assert.That((greeting.Text("username"), greeting.Text("protocol"), greeting.GetProperty("resumed").GetBoolean()), Is.EqualTo(("bob", "legacy", false)));
        Assert.That(greeting.Has("reason"), Is.False);
        await alice.SendAsync(ClientFrame.Message("""{"type":"ping"}"""));
        Assert.That((await alice.ReadFrameAsync()).Text, Does.Contain("pong"));
    }

    private static void AssertNames(string token, long? count, params string[] fields)
    {
        var former = WebSocketUpgrade.Former(Request(fields));
        Assert.That((former?.Token, former?.Received), Is.EqualTo((token, count)));
    }

    private static HttpRequest Request(params string[] fields)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.SecWebSocketProtocol = fields;
        return request;
    }
}
