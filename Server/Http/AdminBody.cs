using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace MeshSignal.Server.Http;

/// <summary>The body of a request to the admin API: one JSON object, small, and nothing in it that is not known.</summary>
internal static class AdminBody
{
    private const int MaxBytes = 16 * 1024;

    /// <summary>Null if it cannot be taken; then the request has been answered.</summary>
    /// <param name="what">What its members are of, for people.</param>
    public static async ValueTask<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, string what)
        where T : class
    {
        if (!IsJson(context.Request))
        {
            await Problem.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, "The body must be application/json, in UTF-8.");
            return null;
        }

        // For this request only: no other may have a body.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxBytes;
        var problem = "The body must be a JSON object.";
        try
        {
            if (await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) is { } body)
                return body;
        }
        catch (JsonException e)
        {
            problem = $"The body is no JSON object with members of {what}, each once and of its kind. It goes wrong at {e.Path ?? "$"}.";
        }

        await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, problem);
        return null;
    }

    private static bool IsJson(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
