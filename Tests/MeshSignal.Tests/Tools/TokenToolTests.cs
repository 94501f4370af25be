using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Tools;
using MeshSignal.Tests.Authentication;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Tools;

/// <summary>The command line that makes a token.</summary>
internal sealed class TokenToolTests
{
    private const string Secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";
    private const string Keys = "--MeshSignal:Authentication:Keys";

    private static readonly string[] OneKey = [$"{Keys}:0:Algorithm=HS256", $"{Keys}:0:Secret={Secret}"];
    private static readonly string[] TwoKeys =
        [$"{Keys}:0:Id=first", .. OneKey, $"{Keys}:1:Id=second", $"{Keys}:1:Algorithm=HS256", $"{Keys}:1:Secret=2{Secret}"];

    private readonly FakeClock _clock = new();

    [Test]
    public async Task The_server_takes_it_as_it_was_meant()
    {
        var token = await MakeAsync([
            "--name", "alice", "--room", "demo", "--room", "team-*", "--sub", "u1", "--media", "audio,video", "--relay", "--moderator",
            "--ttl", "00:10:00", "--once", .. OneKey,
            "--MeshSignal:Authentication:Issuer", "me", "--MeshSignal:Authentication:Audience=you"]);
        var identity = Verify(token, new AuthenticationOptions { Issuer = "me", Audience = "you" });
        Assert.That(identity.Rooms, Is.EqualTo(["demo", "team-*"]));
        Assert.That(identity.CredentialId, Has.Length.EqualTo(32));
        Assert.That(identity with { Rooms = null, CredentialId = null }, Is.EqualTo(new Identity
        {
            Subject = "u1",
            Name = Valid.Name("alice"),
            Media = MediaTypes.Audio | MediaTypes.Video,
            MustRelay = true,
            IsModerator = true,
            ExpiresAt = _clock.GetUtcNow() + TimeSpan.FromMinutes(10) + JoinTokens.Skew,
        }));
    }

    [Test]
    public async Task What_is_not_asked_for_is_not_in_it()
    {
        var token = await MakeAsync(["--name", "alice", .. OneKey]);
        Assert.That(
            Verify(token),
            Is.EqualTo(new Identity
            {
                Subject = "alice", Name = Valid.Name("alice"), ExpiresAt = _clock.GetUtcNow() + TimeSpan.FromHours(1) + JoinTokens.Skew,
            }));
        Assert.That(Part(token, 0).EnumerateObject().Select(static member => member.Name), Is.EqualTo(["alg", "typ"]));
        Assert.That(Part(token, 1).EnumerateObject().Select(static member => member.Name), Is.EqualTo(["sub", "iat", "exp", "name"]));
        Assert.That(Verify(await MakeAsync(["--sub", "u1", .. OneKey])).Name, Is.Null);
    }

    [Test]
    public async Task Each_that_is_good_once_has_an_id_of_its_own()
    {
        var (first, second) = (await MakeAsync(["--sub", "u1", "--once", .. OneKey]), await MakeAsync(["--sub", "u1", "--once", .. OneKey]));
        Assert.That(Verify(second).CredentialId, Is.Not.EqualTo(Verify(first).CredentialId));
    }

    [Test]
    public async Task The_key_is_the_one_that_is_named()
    {
        var token = await MakeAsync(["--name", "alice", "--key", "second", .. TwoKeys]);
        Assert.That(Part(token, 0).GetProperty("kid").GetString(), Is.EqualTo("second"));
        Assert.That(
            new JoinTokens(new TokenKeys([Tokens.HsKey("second", $"2{Secret}")]), new AuthenticationOptions()).Judge(token, _clock.GetUtcNow()),
            Is.EqualTo(TokenRefusal.None));
    }

    [Test]
    public async Task A_public_key_cannot_sign()
    {
        var file = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.pem");
        await File.WriteAllTextAsync(file, Tokens.Ecdsa.ExportSubjectPublicKeyInfoPem());
        string[] publicKey = [$"{Keys}:0:Id=e", $"{Keys}:0:Algorithm=ES256", $"{Keys}:0:PublicKeyFile={file}"];
        string[] both = [.. publicKey, $"{Keys}:1:Id=h", $"{Keys}:1:Algorithm=HS256", $"{Keys}:1:Secret={Secret}"];
        Assert.That(await FailAsync(["--name", "alice", .. publicKey]), Does.StartWith("All of MeshSignal:Authentication:Keys are public"));
        Assert.That(await FailAsync(["--name", "alice", "--key", "e", .. both]), Does.StartWith("'e' of MeshSignal:Authentication:Keys is a public key"));
        Assert.That(Part(await MakeAsync(["--name", "alice", .. both]), 0).GetProperty("kid").GetString(), Is.EqualTo("h"));
        File.Delete(file);
    }

    [TestCase("There is nothing to sign with: MeshSignal:Authentication:Keys needs one with the Algorithm HS256 and a Secret.", "--name", "alice")]
    [TestCase("A token says who it is for: ", "--room", "demo")]
    [TestCase("'--nmae' is not known here: ", "--nmae", "alice")]
    [TestCase("'alice' is not known here: ", "alice")]
    [TestCase("'--urls=http://*:1' is not known here: ", "--name", "alice", "--urls=http://*:1")]
    [TestCase("--name needs a value.", "--name")]
    [TestCase("--name needs a value.", "--name", "--once")]
    [TestCase("--key needs a value.", "--name", "alice", "--key", "")]
    [TestCase("--name: 'al' is no user name", "--name", "al")]
    [TestCase("--name: 'alice-alice-alice-ali' is no user name", "--name", "alice-alice-alice-ali")]
    [TestCase("--room: 'a b' is not a pattern", "--name", "alice", "--room", "a b")]
    [TestCase("--media: 'audio,smell' is not a list of audio, video and screen", "--name", "alice", "--media", "audio,smell")]
    [TestCase("--ttl: '1' is not a duration", "--name", "alice", "--ttl", "1")]
    [TestCase("--ttl: '00:00:00' is not a duration", "--name", "alice", "--ttl", "00:00:00")]
    [TestCase("--ttl: '-01:00:00' is not a duration", "--name", "alice", "--ttl", "-01:00:00")]
    [TestCase("--ttl: '366.00:00:00' is not a duration", "--name", "alice", "--ttl", "366.00:00:00")]
    [TestCase("MeshSignal:Nope is not a known key.", "--name", "alice", "--MeshSignal:Nope=1")]
    public async Task What_is_wrong_is_said_in_a_sentence(string expected, params string[] args) =>
        Assert.That(await FailAsync(args), Does.StartWith(expected));

    [Test]
    public async Task Of_several_keys_one_must_be_named()
    {
        Assert.That(await FailAsync(["--name", "alice", .. TwoKeys]), Does.EndWith("say which with --key, such as --key first."));
        Assert.That(
            await FailAsync(["--name", "alice", "--key", "third", .. TwoKeys]),
            Is.EqualTo("'third' is not the Id of one of MeshSignal:Authentication:Keys."));
    }

    [Test]
    public async Task No_token_is_printed_that_the_server_would_refuse()
    {
        Assert.That(await FailAsync(["--sub", new string('x', 257), .. OneKey]), Is.EqualTo("The server would not take this token (Sub)."));
        Assert.That(
            await FailAsync(["--sub", "u1", .. Enumerable.Repeat(new[] { "--room", "a" }, 65).SelectMany(static room => room), .. OneKey]),
            Does.Contain("(Rooms)"));
    }

    [Test]
    public async Task The_process_prints_the_token_and_nothing_else()
    {
        await using var process = ServerProcess.Start(["token", "--name", "alice", .. OneKey]);
        var (exitCode, lines, errors) = await process.EndAsync();
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
        Assert.That(lines, Has.Count.EqualTo(1));
        Assert.That(Part(lines[0], 1).GetProperty("sub").GetString(), Is.EqualTo("alice"));
    }

    [Test]
    public async Task The_process_ends_with_2_if_it_has_none()
    {
        await using var process = ServerProcess.Start("token", "--name", "alice");
        var (exitCode, lines, errors) = await process.EndAsync();
        Assert.That((exitCode, lines.Count), Is.EqualTo((2, 0)));
        Assert.That(errors, Does.StartWith("There is nothing to sign with: ").And.EndsWith("\n"));
    }

    private async Task<string> MakeAsync(string[] args)
    {
        var (exitCode, output, error) = await RunAsync(args);
        Assert.That((exitCode, error), Is.EqualTo((0, "")));
        return output;
    }

    private async Task<string> FailAsync(string[] args)
    {
        var (exitCode, output, error) = await RunAsync(args);
        Assert.That((exitCode, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.Not.Contain("s3cr3t").And.Not.Contain("\n"));
        return error;
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await TokenTool.RunAsync(args, _clock, output, error);
        return (exitCode, output.ToString().TrimEnd(), error.ToString().TrimEnd());
    }

    private Identity Verify(string token, AuthenticationOptions? options = null)
    {
        var tokens = new JoinTokens(new TokenKeys([Tokens.HsKey(secret: Secret)]), options ?? new AuthenticationOptions());
        return tokens.TryVerify(token, _clock.GetUtcNow(), out var identity, out var refusal) ? identity : throw new AssertionException($"{refusal}");
    }

    private static JsonElement Part(string token, int part) => JsonElement.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[part])));
}
