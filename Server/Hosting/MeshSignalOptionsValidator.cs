using MeshSignal.Server.Authentication;
using MeshSignal.Server.Http;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Transport;
using Microsoft.Extensions.Options;

namespace MeshSignal.Server.Hosting;

/// <summary>Each value within its range.</summary>
[OptionsValidator]
internal sealed partial class MeshSignalOptionsRanges : IValidateOptions<MeshSignalOptions>;

/// <summary>Values that are right each for itself and wrong together.</summary>
internal sealed class MeshSignalOptionsContradictions : IValidateOptions<MeshSignalOptions>
{
    public ValidateOptionsResult Validate(string? name, MeshSignalOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.Heartbeat.Timeout <= options.Heartbeat.PingInterval)
            errors.AddError("MeshSignal:Heartbeat:Timeout must be longer than PingInterval, else live peers are closed before they are asked.");
        if (options.Limits.SendQueueBytes < options.Limits.MessageBytes)
            errors.AddError("MeshSignal:Limits:SendQueueBytes must not be below MessageBytes, else a message that may be sent can never be delivered.");
        if (options.Limits.SendQueueBytes <= options.Chat.HistoryBytes)
            errors.AddError("MeshSignal:Limits:SendQueueBytes must be above Chat:HistoryBytes, else a long history closes whoever is shown it.");
        if (options.Limits.BytesBurst < options.Limits.MessageBytes)
            errors.AddError("MeshSignal:Limits:BytesBurst must not be below MessageBytes, else a message that may be sent never passes.");
        if (!Framings.Has(options.Framing))
            errors.AddError("MeshSignal:Framing is Fleck, and this server was built without it: build it with -p:Fleck=true, or leave Framing at Kestrel.");
        CheckOrigins(options, errors);
        CheckIce(options.Ice, errors);
        foreach (var problem in TokenKeys.ProblemsWith(options.Authentication))
            errors.AddError(problem);
        CheckRooms(options.Calls, errors);
        CheckAdmin(options.Admin, errors);
        if (options.Calls.ForceRelay || options.Calls.Rooms.Exists(static room => room.ForceRelay == true))
            CheckForceRelay(options.Ice, errors);
        return errors.Build();
    }

    private static void CheckOrigins(MeshSignalOptions options, ValidateOptionsResultBuilder errors)
    {
        foreach (var origin in options.Origins.Where(static origin => !WebOrigin.TryParse(origin, out _)))
            errors.AddError($"MeshSignal:Origins: '{origin}' is not an origin such as https://meet.example.org or http://meet.example.org:8080, with nothing behind it.");
        foreach (var host in options.Hosts.Where(static host => WebOrigin.Canonical(host) is null))
            errors.AddError($"MeshSignal:Hosts: '{host}' is not a host name such as meet.example.org, without scheme and port.");
        foreach (var proxy in options.Limits.TrustedProxies.Where(static proxy => !RelayAddresses.TryParseRange(proxy, out _)))
            errors.AddError($"MeshSignal:Limits:TrustedProxies: '{proxy}' is neither an address nor a network such as 10.1.0.0/16.");
    }

    private static void CheckIce(IceOptions ice, ValidateOptionsResultBuilder errors)
    {
        foreach (var url in ice.StunUrls.Where(static url => !IceUrl.IsStun(url)))
            errors.AddError($"MeshSignal:Ice:StunUrls: '{url}' is not a stun: URL such as stun:stun.example.org:3478.");
        foreach (var url in ice.TurnUrls.Where(static url => !IceUrl.IsTurn(url)))
            errors.AddError($"MeshSignal:Ice:TurnUrls: '{url}' is not a turn: or turns: URL such as turn:turn.example.org:3478?transport=udp.");
        foreach (var range in ice.RelayRanges.Where(static range => !RelayAddresses.TryParseRange(range, out _)))
            errors.AddError($"MeshSignal:Ice:RelayRanges: '{range}' is neither an address nor a network such as 198.51.100.0/28.");
        foreach (var server in ice.StaticServers)
            CheckStaticServer(server, errors);

        if (TurnSecret.ProblemWith(ice) is { } problem)
            errors.AddError(problem);
        else if (ice.TurnUrls.Count > 0 && ice.TurnSecret.Length + ice.TurnSecretFile.Length == 0)
            errors.AddError("MeshSignal:Ice:TurnUrls need TurnSecret or TurnSecretFile, the static-auth-secret of the TURN servers, to make credentials with.");
    }

    private static void CheckStaticServer(StaticIceServerOptions server, ValidateOptionsResultBuilder errors)
    {
        if (server.Urls.Count == 0)
            errors.AddError("MeshSignal:Ice:StaticServers: each must have Urls.");
        foreach (var url in server.Urls.Where(static url => !IceUrl.IsStun(url) && !IceUrl.IsTurn(url)))
            errors.AddError($"MeshSignal:Ice:StaticServers: '{url}' is not a stun:, turn: or turns: URL.");
        if (server.Urls.Exists(IceUrl.IsTurn) && (server.Username.Length == 0 || server.Credential.Length == 0))
            errors.AddError("MeshSignal:Ice:StaticServers: a turn: or turns: URL needs Username and Credential; browsers refuse it without.");
    }

    private static void CheckRooms(CallOptions calls, ValidateOptionsResultBuilder errors)
    {
        foreach (var room in calls.Rooms.Where(static room => !RoomPolicy.IsPattern(room.Pattern)))
            errors.AddError($"MeshSignal:Calls:Rooms: '{room.Pattern}' is not a pattern. It has 1-64 letters, digits, underscores, dashes, * and ?.");
    }

    private static void CheckAdmin(AdminOptions admin, ValidateOptionsResultBuilder errors)
    {
        if (AdminKey.ProblemWith(admin) is { } keyProblem)
            errors.AddError(keyProblem);
        if (BanFile.ProblemWith(admin) is { } fileProblem)
            errors.AddError(fileProblem);
    }

    private static void CheckForceRelay(IceOptions ice, ValidateOptionsResultBuilder errors)
    {
        if (!IceServerProvider.HasTurn(ice))
            errors.AddError("MeshSignal:Calls:ForceRelay needs a TURN server: set Ice:TurnUrls with Ice:TurnSecret or TurnSecretFile, or Ice:StaticServers. Without one no call can connect.");
        if (!RelayAddresses.AreKnown(ice))
            errors.AddError("MeshSignal:Calls:ForceRelay needs Ice:RelayRanges, the addresses that the TURN servers relay from; or Ice:TrustRelayCandidateType, if they cannot be known.");
    }
}
