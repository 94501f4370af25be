using MeshSignal.Server.Authentication;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Http;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using IConnectionListenerFactory = Microsoft.AspNetCore.Connections.IConnectionListenerFactory;

namespace MeshSignal.Server.Hosting;

/// <summary>The composition root: everything that a server is made of, in the order in which a message passes it.</summary>
internal static class MeshSignalServices
{
    public static IServiceCollection AddMeshSignal(this IServiceCollection services, IConfiguration configuration)
    {
        AddOptions(services, configuration);
        services.TryAddSingleton(TimeProvider.System);

        // Transport and connections.
        services.AddSingleton<Readiness>();
        services.AddSingleton<WebSocketEndpoint>();
        services.AddSingleton<Entrance>();
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<AcceptBatches>();
        services.AddSingleton<IConnectionListenerFactory>(static provider => provider.GetRequiredService<AcceptBatches>());
        services.AddSingleton<PendingConnections>();
        services.AddSingleton<OriginPolicy>();
        services.AddSingleton<CleartextPolicy>();
        services.AddSingleton<TrustedProxies>();
        services.AddSingleton<ConnectionLimits>();
        services.AddSingleton<ConnectionHandler>();
        services.AddSingleton<FloodControl>();

        // Who somebody is.
        services.AddSingleton(provider => TokenKeys.From(provider.GetRequiredService<AuthenticationOptions>()));
        services.AddSingleton<JoinTokens>();
        services.AddSingleton<UsedCredentials>();
        services.AddSingleton<FailureLimits>(static provider => new FailureLimits(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Authenticator>();
        services.AddSingleton<Login>();

        // Sessions.
        services.AddSingleton<Admission>();
        services.AddSingleton<NameClaims>();
        services.AddSingleton<Resumptions>();
        services.AddSingleton<SessionStore>();

        // Who is not wanted.
        services.AddSingleton<BanList>();
        services.AddSingleton<Moderator>();
        services.AddSingleton<AdminApi>();
        services.AddSingleton<AdminRooms>();
        services.AddSingleton<AdminBans>();

        // Routing.
        services.AddSingleton<MessageRouter>();
        services.AddSingleton<PingHandler>();
        services.AddSingleton<AuthenticateHandler>();
        services.AddSingleton<JoinHandler>();
        services.AddSingleton<RelayHandler>();
        services.AddSingleton<MediaHandler>();
        services.AddSingleton<IceServersHandler>();
        services.AddSingleton<ChatHandler>();
        services.AddSingleton<ChatCommands>();
        services.AddSingleton<ModeratorCommands>();

        // Rooms, what they allow and hand out, scopes, and delivery.
        services.AddSingleton<RoomStore>();
        services.AddMetrics();
        services.AddSingleton<IceRelayPolicy>();
        services.AddSingleton<IceServerProvider>();
        services.AddSingleton<TurnSecret>();
        services.AddSingleton<ScopeStore>();
        services.AddSingleton<ICluster, LocalCluster>();

        // What goes on beside the messages.
        services.AddSingleton<Liveness>();
        services.AddHostedService<Upkeep>();
        services.AddHostedService<Farewell>();
        services.AddOptions<HostOptions>().Configure<SessionsOptions>(static (host, sessions) => host.ShutdownTimeout = sessions.DrainTime + Farewell.Patience + Farewell.HostTime);
        return services;
    }

    private static void AddOptions(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MeshSignalOptions>().Bind(configuration.GetSection(MeshSignalOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MeshSignalOptions>, MeshSignalOptionsRanges>();
        services.AddSingleton<IValidateOptions<MeshSignalOptions>, MeshSignalOptionsContradictions>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<MeshSignalOptions>>().Value);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Calls);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Ice);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Authentication);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Heartbeat);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Sessions);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Chat);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Admin);
        services.AddSingleton(provider => provider.GetRequiredService<MeshSignalOptions>().Limits);
    }
}
