using System.Net;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Tests.Moderation;

/// <summary>Bans and moderators, in as few words as tests need.</summary>
internal static class Bans
{
    public static readonly Authority Mod = new("Mod");

    public static ClientAddress Address(string text) => new(IPAddress.Parse(text));

    public static Ban Of(string? subject = null, string? name = null, string? address = null, TimeSpan? lasts = null, TimeProvider? time = null) => new()
    {
        Subject = subject,
        Name = name is null ? null : Valid.Name(name),
        Address = address is null ? null : Address(address),
        By = Mod.Name,
        CreatedAt = (time ?? new FakeClock()).GetUtcNow(),
        ExpiresAt = lasts is null ? null : (time ?? new FakeClock()).GetUtcNow() + lasts,
    };

    public static BanList Open(TimeProvider time, string path = "", ILoggerProvider? log = null)
    {
        var logging = LoggerFactory.Create(builder => builder.AddProvider(log ?? new CapturedLog()));
        return new BanList(new AdminOptions { BansFile = path }, time, logging.CreateLogger<BanList>());
    }

    /// <summary>Who has the name, in whichever scope; there must be one.</summary>
    public static Session SessionOf(this TestServer server, TestPeer peer) => server.Get<SessionStore>().All.Single(session => session.Username.Value == peer.Name);

    public static void Identify(this TestServer server, TestPeer peer, string? subject = null, bool isModerator = false) =>
        server.SessionOf(peer).Identity = new Identity { Subject = subject, IsModerator = isModerator };

    /// <summary>Bans, and waits until all whom it concerns are out.</summary>
    public static async Task BanAsync(this TestServer server, Ban ban)
    {
        var outcome = await server.Get<Moderator>().BanAsync(ban, Mod);
        Assert.That((outcome.IsFull, outcome.IsStored), Is.EqualTo((false, true)));
        await outcome.Gone.WaitAsync(TestPeer.Timeout);
    }
}
