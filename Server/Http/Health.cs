using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Http;

/// <summary>For load balancers and service managers: is the process alive, and may it be given new clients.</summary>
internal static class Health
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", () => TypedResults.Text("live"));
        endpoints.MapGet("/health/ready", (Readiness readiness) => readiness.IsReady
            ? TypedResults.Text("ready", statusCode: StatusCodes.Status200OK)
            : TypedResults.Text("not ready", statusCode: StatusCodes.Status503ServiceUnavailable));
    }
}
