using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary>What an operator does with curl.</summary>
internal sealed class AdminClient : IDisposable
{
    public const string Key = "0123456789abcdefghijklmnopqrstuv"; // As short as may be.

    private readonly HttpClient _http;

    /// <param name="from">An address of this machine's own.</param>
    public AdminClient(RealServer server, string? authorization = $"Bearer {Key}", string? from = null)
    {
        _http = new HttpClient { BaseAddress = new Uri(from is null ? server.Url : $"http://{from}:{server.Port}") };
        if (authorization is not null)
            _http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
    }

    public static Task<RealServer> StartAsync(params (string Key, string Value)[] settings) =>
        RealServer.StartAsync([.. settings, ("MeshSignal:Admin:Key", Key)]);

    public async Task<AdminAnswer> SendAsync(string method, string path, string? body = null, string? type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            // A body that is too large is refused before it is sent, as curl does it too: else the end of the connection could overtake the answer.
            request.Headers.ExpectContinue = true;
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type is not null)
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }

        using var response = await _http.SendAsync(request).WaitAsync(TestPeer.Timeout);
        var text = await response.Content.ReadAsStringAsync();
        return new AdminAnswer((int)response.StatusCode, text.Length == 0 ? default : JsonElement.Parse(text), response.Content.Headers.ContentType?.MediaType, response.Headers, response.Content.Headers);
    }

    public Task<AdminAnswer> BanAsync(string body) => SendAsync("POST", "/admin/bans", body);

    public void Dispose() => _http.Dispose();
}

/// <param name="Body">Undefined if there is none.</param>
internal sealed record AdminAnswer(int Status, JsonElement Body, string? Type, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
{
    /// <summary>RFC 9457: the status again, its phrase, and nothing that is not meant for the asker.</summary>
    public AdminAnswer IsProblem(int status, string title, string? detail = null)
    {
        using var scope = Assert.EnterMultipleScope();
        Assert.That((Status, Type), Is.EqualTo((status, "application/problem+json")), $"{Body}");
        Assert.That((Body.GetProperty("status").GetInt32(), Body.Text("title")), Is.EqualTo((status, title)));
        Assert.That(Body.EnumerateObject().Select(member => member.Name), Is.SubsetOf(["status", "title", "detail"]));
        if (detail is not null)
            Assert.That(Body.Text("detail"), Does.Contain(detail));
        Assert.That(Headers.CacheControl?.NoStore, Is.True);
        return this;
    }
}
