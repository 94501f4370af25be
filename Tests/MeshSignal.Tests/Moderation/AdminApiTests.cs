using System.Globalization;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary>The admin API as an operator's tools see it: real requests, exact answers.</summary>
internal sealed class AdminApiTests
{
    [Test]
    public async Task Rooms_are_listed_with_their_peers()
    {
        await using var server = await AdminClient.StartAsync(("MeshSignal:Calls:MaxParticipants", "4"));
        using var admin = new AdminClient(server);
        Assert.That((await admin.SendAsync("GET", "/admin/rooms")).Body.GetRawText(), Is.EqualTo("""{"rooms":[]}"""));
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo", "video", "audio");
        using var bob = await server.ConnectLegacyAsync("bob");
        await bob.JoinAsync("demo");
        using var carol = await server.ConnectAsync("carol");
        await carol.JoinAsync("annex");

        var list = await admin.SendAsync("GET", "/admin/rooms");
        Assert.That((list.Status, list.Type, list.Headers.CacheControl!.NoStore), Is.EqualTo((200, "application/json", true)));
        Assert.That(list.Body.GetRawText(), Is.EqualTo("""{"rooms":[{"room":"annex","peers":1,"forceRelay":false},{"room":"demo","peers":2,"forceRelay":false}]}"""));

        var room = (await admin.SendAsync("GET", "/admin/rooms/demo")).Body;
        var since = room.GetProperty("peers").EnumerateArray().Select(peer => peer.Text("since")).ToList();
        Assert.That(since, Has.All.Matches<string>(text => BanText.TryParseTime(text, out var at) && at <= TimeProvider.System.GetUtcNow()));
        Assert.That(room.GetRawText(), Is.EqualTo(
            $$"""{"room":"demo","forceRelay":false,"peers":[{"username":"alice","peerId":"{{alice.PeerId}}","profile":"meshsignal.v1","status":"connected","mediaTypes":["audio","video"],"since":"{{since[0]}}"},"""
            + $$"""{"username":"bob","peerId":"{{bob.PeerId}}","profile":"legacy","status":"connected","mediaTypes":["audio"],"since":"{{since[1]}}"}]}"""));
    }

    [Test]
    public async Task A_room_says_who_is_waited_for()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await alice.JoinAsync("demo");
        await bob.JoinAsync("demo");
        bob.Socket.Abort();
        await alice.ExpectAsync(MessageTypes.PeerJoined);
        await alice.ExpectStatusAsync(bob, "reconnecting");

        var room = (await admin.SendAsync("GET", "/admin/rooms/demo")).Body;

        Assert.That(room.GetProperty("peers").EnumerateArray().Select(peer => peer.Text("status")), Is.EqualTo(["connected", "reconnecting"]));
        Assert.That((await admin.SendAsync("DELETE", "/admin/rooms/demo/peers/bob")).Status, Is.EqualTo(204));
        await alice.ExpectLeftAsync(bob, "kicked");
    }

    [Test]
    public async Task A_peer_is_out_when_its_removal_is_answered()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");
        using var bob = await server.ConnectLegacyAsync("bob");
        await bob.JoinAsync("demo");
        await alice.ExpectAsync(MessageTypes.PeerJoined);
        await bob.SettleAsync();
        var session = server.Get<SessionStore>().All.Single(session => session.Username.Value == "bob");

        var answer = await admin.SendAsync("DELETE", "/admin/rooms/demo/peers/bob");

        Assert.That((answer.Status, answer.Body.ValueKind), Is.EqualTo((204, JsonValueKind.Undefined)));
        Assert.That(session.WhenEndedAsync().IsCompleted, Is.True);
        await bob.ExpectSystemAsync("You have been kicked by an admin.");
        await bob.ExpectSystemAsync("bob was kicked by admin.");
        await bob.ExpectCloseAfterNothingAsync(CloseCode.Kicked);
        await alice.ExpectLeftAsync(bob, "kicked");
        Assert.That(server.Log.Lines, Has.Exactly(1).StartsWith($"bob (session {session.Id}) was kicked by admin"));
        (await admin.SendAsync("DELETE", "/admin/rooms/demo/peers/bob")).IsProblem(404, "Not Found", "nobody of that name");
    }

    [TestCase("GET", "/admin", 404, "Not Found")]
    [TestCase("GET", "/admin/", 404, "Not Found")]
    [TestCase("GET", "/admin/nope", 404, "Not Found")]
    [TestCase("GET", "/admin/rooms/", 404, "Not Found")]
    [TestCase("GET", "/admin/rooms/nobody-there", 404, "Not Found")]
    [TestCase("GET", "/admin/rooms/a%20b", 404, "Not Found")]
    [TestCase("GET", "/admin/rooms/a%2Fb", 404, "Not Found")]
    [TestCase("GET", "/admin/rooms/demo/peers", 404, "Not Found")]
    [TestCase("DELETE", "/admin/rooms/demo/peers/alice/more", 404, "Not Found")]
    [TestCase("DELETE", "/admin/rooms/demo/peers/Alice", 404, "Not Found")]
    [TestCase("DELETE", "/admin/rooms/nobody-there/peers/alice", 404, "Not Found")]
    [TestCase("GET", "/admin/bans/0123456789abcdef", 404, "Not Found")]
    [TestCase("DELETE", "/admin/bans/0123456789abcdef", 404, "Not Found")]
    [TestCase("DELETE", "/admin/bans/", 404, "Not Found")]
    [TestCase("POST", "/admin/rooms", 405, "Method Not Allowed", "GET, HEAD")]
    [TestCase("DELETE", "/admin/rooms/demo", 405, "Method Not Allowed", "GET, HEAD, PATCH")]
    [TestCase("GET", "/admin/rooms/demo/peers/alice", 405, "Method Not Allowed", "DELETE")]
    [TestCase("DELETE", "/admin/bans", 405, "Method Not Allowed", "GET, HEAD, POST")]
    [TestCase("PUT", "/admin/bans", 405, "Method Not Allowed", "GET, HEAD, POST")]
    [TestCase("PATCH", "/admin/bans/0123456789abcdef", 405, "Method Not Allowed", "GET, HEAD, DELETE")]
    public async Task What_is_not_there_or_cannot_be_done_is_a_problem(string method, string path, int status, string title, string? allow = null)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");

        var answer = (await admin.SendAsync(method, path)).IsProblem(status, title);

        Assert.That(allow is null ? [] : answer.ContentHeaders.Allow, Is.EqualTo(allow?.Split(", ") ?? []));
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_ban_is_made_shown_listed_and_taken_back()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);

        var made = await admin.BanAsync("""{"subject":"user-1","name":"Bob","address":"2001:db8::7","minutes":90,"reason":"noise"}""");

        Assert.That((made.Status, made.Type, made.Headers.CacheControl!.NoStore), Is.EqualTo((201, "application/json", true)), $"{made.Body}");
        var (id, at) = (made.Body.Text("id"), DateTimeOffset.Parse(made.Body.Text("createdAt"), CultureInfo.InvariantCulture));
        Assert.That(made.Headers.Location!.ToString(), Is.EqualTo($"/admin/bans/{id}"));
        Assert.That(made.Body.GetRawText(), Is.EqualTo(
            $$"""{"id":"{{id}}","createdAt":"{{BanText.Format(at)}}","by":"admin","subject":"user-1","name":"Bob","address":"2001:db8::/64","expiresAt":"{{BanText.Format(at.AddMinutes(90))}}","reason":"noise"}"""));
        Assert.That((await admin.SendAsync("GET", $"/admin/bans/{id}")).Body.GetRawText(), Is.EqualTo(made.Body.GetRawText()));
        Assert.That((await admin.SendAsync("GET", "/admin/bans")).Body.GetRawText(), Is.EqualTo($$"""{"bans":[{{made.Body.GetRawText()}}]}"""));

        Assert.That((await admin.SendAsync("DELETE", $"/admin/bans/{id}")).Status, Is.EqualTo(204));
        (await admin.SendAsync("DELETE", $"/admin/bans/{id}")).IsProblem(404, "Not Found", "no such ban");
        Assert.That((await admin.SendAsync("GET", "/admin/bans")).Body.GetRawText(), Is.EqualTo("""{"bans":[]}"""));
    }

    [Test]
    public async Task A_ban_shows_out_and_keeps_out_until_it_is_taken_back()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var bob = await server.ConnectAsync("bob");

        var made = await admin.BanAsync("""{"name":"B0b"}""");

        await bob.ExpectErrorAsync(ErrorCode.Banned);
        await bob.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        using var again = await server.OpenAsync(Profile.V1, "?username=bob");
        await again.ExpectErrorAsync(ErrorCode.Banned);
        await again.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        await admin.SendAsync("DELETE", $"/admin/bans/{made.Body.Text("id")}");
        using var forgiven = await server.ConnectAsync("bob");
    }

    [TestCase("""{"name":"Bob"}""")]
    [TestCase("""{"subject":"x","expiresAt":"2999-01-01T00:00:00Z"}""")]
    [TestCase("""{"subject":"x","expiresAt":"2999-01-01T02:00:00.5+02:00"}""")]
    [TestCase("""{"address":"192.0.2.7","minutes":1}""")]
    [TestCase("""{"address":"2001:db8::/64","minutes":null,"reason":""}""")]
    public async Task A_right_ban_is_made(string body)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        Assert.That((await admin.BanAsync(body)).Status, Is.EqualTo(201));
    }

    [TestCase("", "It goes wrong at $.")]
    [TestCase("null", "must be a JSON object")]
    [TestCase("[]", "It goes wrong at $.")]
    [TestCase("7", "It goes wrong at $.")]
    [TestCase("""{"name":"Bob" """, "It goes wrong at ")]
    [TestCase("""{"name":"Bob"} x""", "It goes wrong at ")]
    [TestCase("""{"name":"Bob",}""", "It goes wrong at ")]
    [TestCase("""{"name":"Bob","until":1}""", "$.until")]
    [TestCase("""{"Name":"Bob"}""", "$.Name")]
    [TestCase("""{"name":"Bob","name":"Bob"}""", "It goes wrong at ")]
    [TestCase("""{"name":7}""", "$.name")]
    [TestCase("""{"name":["Bob"]}""", "$.name")]
    [TestCase("""{"subject":"\ud800"}""", "It goes wrong at ")]
    [TestCase("""{"name":"Bob","minutes":"5"}""", "$.minutes")]
    [TestCase("""{"name":"Bob","minutes":1.5}""", "$.minutes")]
    [TestCase("""{"name":"Bob","minutes":99999999999}""", "$.minutes")]
    [TestCase("{}", "One of subject, name and address")]
    [TestCase("""{"reason":"noise"}""", "One of subject, name and address")]
    [TestCase("""{"subject":""}""", "subject must have 1 to 1000")]
    [TestCase("""{"subject":"a\nb"}""", "subject must have 1 to 1000")]
    [TestCase("""{"name":"x"}""", "name must be 3 to 20")]
    [TestCase("""{"name":"a name"}""", "name must be 3 to 20")]
    [TestCase("""{"name":"a23456789012345678901"}""", "name must be 3 to 20")]
    [TestCase("""{"address":"1"}""", "address must be")]
    [TestCase("""{"address":"example.org"}""", "address must be")]
    [TestCase("""{"address":"192.0.2.0/24"}""", "address must be")]
    [TestCase("""{"address":"2001:db8::/48"}""", "address must be")]
    [TestCase("""{"address":"2001:db8::1/64"}""", "address must be")]
    [TestCase("""{"address":"127.0.0.1"}""", "own machine are under no limit")]
    [TestCase("""{"address":"::1","name":"Bob"}""", "own machine are under no limit")]
    [TestCase("""{"name":"Bob","minutes":0}""", "minutes must be 1 to")]
    [TestCase("""{"name":"Bob","minutes":-5}""", "minutes must be 1 to")]
    [TestCase("""{"name":"Bob","minutes":99999999}""", "minutes must be 1 to")]
    [TestCase("""{"name":"Bob","expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt must be a time to come")]
    [TestCase("""{"name":"Bob","expiresAt":"2999-01-01T00:00:00"}""", "expiresAt must be a time to come")]
    [TestCase("""{"name":"Bob","expiresAt":"tomorrow"}""", "expiresAt must be a time to come")]
    [TestCase("""{"name":"Bob","expiresAt":"2999-01-01T00:00:00Z","minutes":1}""", "Only one of expiresAt and minutes")]
    [TestCase("""{"name":"Bob","reason":"a\tb"}""", "reason must have at most 200")]
    [TestCase("""{"name":"Bob","reason":"a\u202eb"}""", "reason must have at most 200")]
    public async Task A_wrong_ban_is_refused_and_nobody_is_banned(string body, string detail)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        (await admin.BanAsync(body)).IsProblem(400, "Bad Request", detail);
        Assert.That(server.Get<BanList>().All, Is.Empty);
    }

    [TestCase(200, 201)]
    [TestCase(201, 400)]
    public async Task A_reason_has_at_most_200_characters(int length, int status)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        Assert.That((await admin.BanAsync($$"""{"name":"Bob","reason":"{{new string('x', length)}}"}""")).Status, Is.EqualTo(status));
    }

    [TestCase("text/plain")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("application/merge-patch+json")]
    [TestCase("application/json; charset=utf-16")]
    [TestCase(null)]
    public async Task A_body_of_another_kind_is_refused(string? type)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        (await admin.SendAsync("POST", "/admin/bans", """{"name":"Bob"}""", type)).IsProblem(415, "Unsupported Media Type", "application/json");
        Assert.That((await admin.SendAsync("POST", "/admin/bans", """{"name":"Bob"}""", "Application/JSON; charset=UTF-8")).Status, Is.EqualTo(201));
    }

    [TestCase(0, 201)]
    [TestCase(1, 413)]
    public async Task A_body_has_at_most_16_KiB(int over, int status)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        var answer = await admin.BanAsync("""{"name":"Bob"}""".PadRight((16 * 1024) + over));

        Assert.That(answer.Status, Is.EqualTo(status));
        if (status == 413)
            answer.IsProblem(413, "Payload Too Large");
    }

    [Test]
    public async Task A_body_that_does_not_say_its_length_is_measured_all_the_same()
    {
        await using var server = await AdminClient.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var chunk = new string(' ', 17 * 1024);
        var response = await socket.RequestAsync(
            "POST /admin/bans HTTP/1.1",
            ["Host: localhost", "Connection: close", $"Authorization: Bearer {AdminClient.Key}", "Content-Type: application/json", "Transfer-Encoding: chunked"],
            $"{chunk.Length:x}\r\n{chunk}\r\n0\r\n\r\n");
        Assert.That((response.Status, response.Field("Content-Type")), Is.EqualTo((413, "application/problem+json")), response.Head);
    }

    [Test]
    public async Task Other_requests_still_may_have_no_body()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        await admin.BanAsync("""{"name":"Bob"}""");
        Assert.That((await admin.SendAsync("POST", "/info", "{}")).Status, Is.InRange(400, 499));
    }

    [Test]
    public async Task A_full_list_is_a_conflict()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        for (var i = 0; i < BanList.MaxBans; i++)
            server.Get<BanList>().TryAdd(Bans.Of($"user-{i}"));
        (await admin.BanAsync("""{"name":"Bob"}""")).IsProblem(409, "Conflict", "10000 bans");
    }

    [Test]
    public async Task A_ban_that_cannot_be_written_holds_and_is_told_as_a_fault()
    {
        using var folder = new TemporaryFolder();
        await using var server = await AdminClient.StartAsync(("MeshSignal:Admin:BansFile", folder.PathOf("bans.json")));
        using var admin = new AdminClient(server);
        using var bob = await server.ConnectAsync("bob");
        Directory.CreateDirectory(folder.PathOf($"bans.json{BanFile.TemporarySuffix}"));
        server.ExpectedErrors = 2;

        var made = (await admin.BanAsync("""{"name":"bob"}""")).IsProblem(500, "Internal Server Error", "holds until the server stops");

        Assert.That(server.Log.Errors, Has.Exactly(1).Items);
        await bob.ExpectCloseAsync(CloseCode.Banned);
        (await admin.SendAsync("DELETE", made.Headers.Location!.ToString())).IsProblem(500, "Internal Server Error");
        using var forgiven = await server.ConnectAsync("bob");
    }

    [Test]
    public async Task Bans_outlive_the_server()
    {
        using var folder = new TemporaryFolder();
        var file = ("MeshSignal:Admin:BansFile", folder.PathOf("bans.json"));
        string listed;
        await using (var server = await AdminClient.StartAsync(file))
        {
            using var admin = new AdminClient(server);
            await admin.BanAsync("""{"name":"Bob","reason":"noise"}""");
            var other = await admin.BanAsync("""{"name":"Carol"}""");
            await admin.SendAsync("DELETE", $"/admin/bans/{other.Body.Text("id")}");
            listed = (await admin.SendAsync("GET", "/admin/bans")).Body.GetRawText();
        }

        await using var successor = await AdminClient.StartAsync(file);
        using var operatorAgain = new AdminClient(successor);
        Assert.That((await operatorAgain.SendAsync("GET", "/admin/bans")).Body.GetRawText(), Is.EqualTo(listed).And.Contains("noise"));
        using var bob = await successor.OpenAsync(Profile.Legacy, "?username=Bob");
        await bob.ExpectSystemAsync("You are banned.");
        using var carol = await successor.ConnectAsync("Carol");
    }

    [Test]
    public async Task Without_a_file_bans_end_with_the_server()
    {
        await using (var server = await AdminClient.StartAsync())
        {
            using var admin = new AdminClient(server);
            Assert.That((await admin.BanAsync("""{"name":"Bob"}""")).Status, Is.EqualTo(201));
        }

        await using var successor = await AdminClient.StartAsync();
        using var bob = await successor.ConnectAsync("Bob");
    }
}
