using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Http;

/// <summary>The bans of the admin API.</summary>
internal sealed class AdminBans(BanList bans, Moderator moderator, LimitOptions limits, TimeProvider time)
{
    private const int MaxMinutes = 10 * 366 * 24 * 60;
    private const string NotWritten = "It holds until the server stops: the file could not be written, and the log says why.";

    public Task ListAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        new AdminBanList([.. bans.All.Select(BanEntry.Of)]), AdminJsonContext.Default.AdminBanList, contentType: null, context.RequestAborted);

    public Task ShowAsync(HttpContext context, string id) => bans.All.FirstOrDefault(ban => ban.Id == id) is { } ban ? WriteAsync(context, ban) : NotThereAsync(context);

    /// <summary>The answer comes when all whom the ban concerns are out.</summary>
    public async Task AddAsync(HttpContext context)
    {
        if (await AdminBody.ReadAsync(context, AdminJsonContext.Default.AdminBanRequest, "a ban") is not { } request)
            return;

        if (!TryMake(request, out var ban, out var problem))
        {
            await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        var outcome = await moderator.BanAsync(ban, Authority.Operator);
        await outcome.Gone;
        context.Response.Headers.Location = outcome.IsFull ? default : $"/admin/bans/{ban.Id}";
        if (outcome.IsFull)
            await Problem.WriteAsync(context, StatusCodes.Status409Conflict, $"There are {BanList.MaxBans} bans already.");
        else if (!outcome.IsStored)
            await Problem.WriteAsync(context, StatusCodes.Status500InternalServerError, NotWritten);
        else
            await WriteAsync(context, ban, StatusCodes.Status201Created);
    }

    public async Task RemoveAsync(HttpContext context, string id)
    {
        var (removed, isStored) = await moderator.UnbanAsync(ban => ban.Id == id, Authority.Operator);
        if (removed.Count == 0)
            await NotThereAsync(context);
        else if (!isStored)
            await Problem.WriteAsync(context, StatusCodes.Status500InternalServerError, NotWritten);
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private bool TryMake(AdminBanRequest request, out Ban ban, out string? problem)
    {
        var now = time.GetUtcNow();
        var (name, address, expiresAt) = (default(Username), default(ClientAddress), now);
        problem =
            request is { Subject: null, Name: null, Address: null } ? "One of subject, name and address is needed."
            : request.Subject is { } subject && !BanText.IsSubject(subject) ? $"The subject must have 1 to {BanText.MaxSubjectLength} characters, and no control characters."
            : request.Name is { } text && (text.Length > Username.MaxLength || !Username.TryParse(text, out name)) ? "The name must be 3 to 20 letters, digits, underscores or dashes."
            : request.Address is { } where && !BanText.TryParseAddress(where, out address) ? "The address must be an IPv4 or IPv6 address, or an IPv6 network of 64 bits."
            : request.Address is not null && limits.ExemptLoopback && address.IsLoopback ? "Clients on the server's own machine are under no limit of addresses (MeshSignal:Limits:ExemptLoopback), and no such ban would concern them."
            : request is { ExpiresAt: not null, Minutes: not null } ? "Only one of expiresAt and minutes can be given."
            : request.ExpiresAt is { } at && (!BanText.TryParseTime(at, out expiresAt) || expiresAt <= now) ? "expiresAt must be a time to come, as 2026-03-14T09:26:53Z."
            : request.Minutes is < 1 or > MaxMinutes ? $"minutes must be 1 to {MaxMinutes}."
            : request.Reason is { } reason && !BanText.IsReason(reason) ? $"The reason must have at most {BanText.MaxReasonLength} characters, on one line."
            : null;

        ban = new Ban
        {
            Subject = request.Subject,
            Name = request.Name is null ? null : name,
            Address = request.Address is null ? null : address,
            By = Authority.Operator.Name,
            CreatedAt = now,
            ExpiresAt = request.ExpiresAt is not null ? expiresAt : request.Minutes is { } minutes ? now.AddMinutes(minutes) : null,
            Reason = request.Reason,
        };
        return problem is null;
    }

    private static Task WriteAsync(HttpContext context, Ban ban, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(BanEntry.Of(ban), AdminJsonContext.Default.BanEntry, contentType: null, context.RequestAborted);
    }

    private static Task NotThereAsync(HttpContext context) => Problem.WriteAsync(context, StatusCodes.Status404NotFound, "There is no such ban.");
}
