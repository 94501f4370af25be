using System.Text.Json.Serialization;
using Microsoft.AspNetCore.WebUtilities;

namespace MeshSignal.Server.Http;

/// <summary>Why a request was not carried out, as RFC 9457 has it. Without a <c>type</c> the status says what kind of problem it is, and the title is its phrase.</summary>
/// <param name="Detail">A sentence for people; absent where the status says all.</param>
internal sealed record Problem(int Status, string Title, string? Detail)
{
    public const string ContentType = "application/problem+json";

    public static Task WriteAsync(HttpContext context, int status, string? detail = null)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new Problem(status, ReasonPhrases.GetReasonPhrase(status), detail), ProblemJsonContext.Default.Problem, ContentType, context.RequestAborted);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ProblemJsonContext : JsonSerializerContext;
