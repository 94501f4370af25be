using Microsoft.AspNetCore.StaticFiles;

namespace MeshSignal.Server.Http;

/// <summary>The page at <c>/</c>, the self-test at <c>/check</c>: everything they need comes from here, so everything else is forbidden to them.</summary>
internal static class WebPage
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'";

    private const string PermissionsPolicy = "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()";

    public static void Use(WebApplication app)
    {
        // Once seen over TLS, never without it again (RFC 6797). A proxy that ends TLS says this itself.
        app.UseHsts();
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".ts"] = "text/plain";

        app.Use(static (context, next) =>
        {
            if (context.Request.Path == "/check")
                context.Request.Path = "/check.html";
            return next(context);
        });
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions
        {
            ContentTypeProvider = types,
            OnPrepareResponse = static file =>
            {
                var headers = file.Context.Response.Headers;
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "no-referrer";
                headers["Permissions-Policy"] = PermissionsPolicy;
                headers.CacheControl = "no-cache";

                // The client for pages elsewhere, too. Whether those may connect is asked when they do.
                if (file.File.Name.StartsWith("meshsignal.", StringComparison.Ordinal))
                    headers.AccessControlAllowOrigin = "*";
            },
        });
    }
}
