namespace MeshSignal.Server.Http;

/// <summary>The page at <c>/</c>: everything it needs comes from here, so everything else is forbidden to it.</summary>
internal static class WebPage
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'";

    public static void Use(WebApplication app)
    {
        // Once seen over TLS, never without it again (RFC 6797). A proxy that ends TLS says this itself.
        app.UseHsts();
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = static file =>
            {
                var headers = file.Context.Response.Headers;
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "no-referrer";
                headers.CacheControl = "no-cache";
            },
        });
    }
}
