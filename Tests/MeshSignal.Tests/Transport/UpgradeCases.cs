using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Transport;

/// <summary>Requests that ask for a WebSocket, right and wrong, and the status of each.</summary>
internal static class UpgradeCases
{
    private const string Root = "GET / HTTP/1.1";

    public static IEnumerable<TestCaseData> All =>
    [
        Case(101, "as it should be", Root),
        Case(101, "with a query", "GET /?username=alice&room=demo HTTP/1.1"),
        Case(101, "on /ws", "GET /ws?username=alice HTTP/1.1"),
        Case(101, "names and tokens in other case", Root, ["HOST: localhost", "UPGRADE: WebSocket", "connection: upGrade", .. With().Skip(3)]),
        Case(101, "several tokens in Connection", Root, With("Connection: keep-alive, Upgrade", "Connection")),
        Case(101, "Connection on two lines", Root, With("Connection: keep-alive")),
        Case(101, "several protocols in Upgrade", Root, With("Upgrade: h2c, websocket", "Upgrade")),
        Case(101, "extensions and subprotocols of others", Root, [.. With("Sec-WebSocket-Extensions: permessage-deflate"), "Sec-WebSocket-Protocol: chat"]),
        Case(101, "64 fields", Root, [.. With(), .. Enumerable.Range(0, 59).Select(i => $"X-{i}: a")]),
        Case(101, "from a page on this machine", Root, With("Origin: http://localhost:8080")),
        Case(403, "from a page elsewhere", Root, With("Origin: https://evil.example")),
        Case(403, "from a page whose name points here", Root, [.. With("Origin: http://evil.example", "Host"), "Host: evil.example"]),
        Case(403, "from nowhere in particular", Root, With("Origin: null")),
        Case(403, "an empty Origin", Root, With("Origin:")),
        Case(403, "two Origins", Root, [.. With("Origin: http://localhost"), "Origin: http://localhost"]),
        Case(403, "two Origins in one", Root, With("Origin: http://localhost, http://localhost")),
        Case(403, "an Origin with a path", Root, With("Origin: http://localhost/")),
        Case(403, "an Origin with a user", Root, With("Origin: http://user@localhost")),
        Case(403, "an Origin outside of ASCII", Root, With("Origin: http://localhost\u00C3\u00A9")),
        Case(400, "an Origin that is no text", Root, With("Origin: http://localhost\u00FF")),
        Case(400, "an Origin with a control character", Root, With("Origin: http://localhost\0")),
        Case(400, "an Origin on two lines", Root, With("Origin: http://localhost\r\n .evil.example")),
        Case(404, "on a path that is not there, from a page elsewhere", "GET /nope HTTP/1.1", With("Origin: https://evil.example")),
        Case(404, "on a path that is not there", "GET /nope HTTP/1.1"),
        Case(404, "on a path below", "GET /ws/room HTTP/1.1"),
        Case(404, "on a file of the page", "GET /index.html HTTP/1.1"),
        Case(404, "on the health check", "GET /health/live HTTP/1.1"),
        Case(400, "POST", "POST / HTTP/1.1", With("Content-Length: 0")),
        Case(400, "HEAD", "HEAD / HTTP/1.1"),
        Case(400, "OPTIONS", "OPTIONS / HTTP/1.1"),
        Case(400, "HTTP/1.0", "GET / HTTP/1.0"),
        Case(400, "no Host", Root, Without("Host")),
        Case(400, "two Hosts", Root, With("Host: other")),
        Case(400, "no Connection", Root, Without("Connection")),
        Case(400, "another Connection", Root, With("Connection: keep-alive", "Connection")),
        Case(400, "a Connection that only looks alike", Root, With("Connection: Upgraded", "Connection")),
        Case(400, "no key", Root, Without("Sec-WebSocket-Key")),
        Case(400, "an empty key", Root, With("Sec-WebSocket-Key:", "Sec-WebSocket-Key")),
        Case(400, "a key of 15 bytes", Root, With("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA", "Sec-WebSocket-Key")),
        Case(400, "a key of 18 bytes", Root, With("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA", "Sec-WebSocket-Key")),
        Case(400, "a key that is not base64", Root, With("Sec-WebSocket-Key: ??????????????????????==", "Sec-WebSocket-Key")),
        Case(400, "two keys", Root, With($"Sec-WebSocket-Key: {RawSocket.ExampleKey}")),
        Case(400, "an empty body", Root, With("Content-Length: 0")),
        Case(400, "a body", Root, With("Content-Length: 5"), "hello"),
        Case(400, "a chunked body", Root, With("Transfer-Encoding: chunked"), "0\r\n\r\n"),
        Case(400, "a field on two lines", Root, With("X-Folded: a\r\n b")),
        Case(400, "a control character in a field", Root, With("X-Control: a\0b")),
        Case(400, "a CR in a field", Root, With("X-Control: a\rb")),
        Case(400, "an LF in a field", Root, With("X-Control: a\nb")),
        Case(400, "a CR in a name", Root, With("X-Con\rtrol: a")),
        Case(400, "a space before the colon", Root, With("Sec-WebSocket-Version : 13", "Sec-WebSocket-Version")),
        Case(400, "a field without a name", Root, With(": a")),
        Case(400, "two Hosts that are the same", Root, With("Host: localhost")),
        Case(400, "a Host with a user", Root, With("Host: user@localhost", "Host")),
        Case(400, "two lengths", Root, [.. With("Content-Length: 0"), "Content-Length: 5"]),
        Case(400, "a negative length", Root, With("Content-Length: -1")),
        Case(400, "a length and chunks", Root, [.. With("Content-Length: 0"), "Transfer-Encoding: chunked"]),
        Case(400, "an encoding that nobody knows", Root, With("Transfer-Encoding: identity")),
        Case(414, "a request line that is too long", $"GET /?username={new string('a', 4096)} HTTP/1.1"),
        Case(426, "version 8", Root, With("Sec-WebSocket-Version: 8", "Sec-WebSocket-Version")),
        Case(426, "version 12", Root, With("Sec-WebSocket-Version: 12", "Sec-WebSocket-Version")),
        Case(426, "version 14", Root, With("Sec-WebSocket-Version: 14", "Sec-WebSocket-Version")),
        Case(426, "no version", Root, Without("Sec-WebSocket-Version")),
        Case(426, "two versions", Root, With("Sec-WebSocket-Version: 8")),
        Case(431, "more than 8 KiB of fields", Root, With($"X-Long: {new string('a', 8200)}")),
        Case(431, "65 fields", Root, [.. With(), .. Enumerable.Range(0, 60).Select(i => $"X-{i}: a")]),
    ];

    private static TestCaseData Case(int status, string name, string requestLine, IEnumerable<string>? fields = null, string body = "") =>
        new TestCaseData(requestLine, fields ?? With(), body, status).SetArgDisplayNames(name, $"{status}");

    private static IEnumerable<string> With() => RawSocket.UpgradeFields;

    private static IEnumerable<string> With(string field, string? inPlaceOf = null) => Without(inPlaceOf).Append(field);

    private static IEnumerable<string> Without(string? name) =>
        RawSocket.UpgradeFields.Where(field => name is null || !field.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
}
