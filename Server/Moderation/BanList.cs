using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Moderation;

/// <summary>Who is banned. What it says holds at once; keeping it beyond the end of the server is a step of its own, <see cref="SaveAsync"/>, which may fail.</summary>
#pragma warning disable CA1001 // A SemaphoreSlim has nothing to dispose of as long as nobody asks for its wait handle.
internal sealed partial class BanList
#pragma warning restore CA1001
{
    /// <summary>With this many that are in force nobody can be banned any more.</summary>
    public const int MaxBans = 10_000;

    private readonly Lock _lock = new(); // Guards the dictionaries and _version. Nothing is waited for and nothing else is called inside it.
    private readonly Dictionary<string, Ban> _bans = new(StringComparer.Ordinal); // By id.

    // Of several on one mark the one that lasts longest.
    private readonly Dictionary<string, Ban> _bySubject = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Ban> _byNameKey = new(StringComparer.Ordinal);
    private readonly Dictionary<ClientAddress, Ban> _byAddress = [];
    private long _version;

    private readonly SemaphoreSlim _writing = new(1, 1); // One write at a time; guards _written. Taken outside of _lock, never inside.
    private long _written;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<BanList> _log;

    /// <exception cref="InvalidOperationException">The file cannot be read; the check of the settings has said so before.</exception>
    public BanList(AdminOptions options, TimeProvider time, ILogger<BanList> log)
    {
        (_path, _time, _log) = (options.BansFile, time, log);
        if (!BanFile.TryRead(options, out var bans, out var problem))
            throw new InvalidOperationException(problem);

        foreach (var ban in bans)
            Index(ban);
    }

    /// <summary>Those in force, the oldest first.</summary>
    public IReadOnlyList<Ban> All
    {
        get
        {
            lock (_lock)
            {
                DropExpired();
                return [.. _bans.Values.OrderBy(static ban => ban.CreatedAt)];
            }
        }
    }

    /// <summary>Null if no ban in force has one of these marks.</summary>
    public Ban? Find(string? subject, Username? name, ClientAddress? address)
    {
        var now = _time.GetUtcNow();
        lock (_lock)
        {
            return InForce(subject is null ? null : _bySubject.GetValueOrDefault(subject))
                ?? InForce(name is null ? null : _byNameKey.GetValueOrDefault(name.Value.Key))
                ?? InForce(address is null ? null : _byAddress.GetValueOrDefault(address.Value));
        }

        Ban? InForce(Ban? ban) => ban?.IsOver(now) == false ? ban : null;
    }

    /// <summary>False if the list is full.</summary>
    public bool TryAdd(Ban ban)
    {
        lock (_lock)
        {
            if (_bans.Count >= MaxBans)
                DropExpired();
            if (_bans.Count >= MaxBans)
                return false;

            Index(ban);
            _version++;
            return true;
        }
    }

    /// <summary>Takes bans away that are in force, and gives them.</summary>
    public IReadOnlyList<Ban> Remove(Func<Ban, bool> isMeant)
    {
        lock (_lock)
        {
            DropExpired();
            var removed = _bans.Values.Where(isMeant).ToList();
            if (removed.Count > 0)
            {
                Keep(ban => !isMeant(ban));
                _version++;
            }

            return removed;
        }
    }

    /// <summary>Writes the list, if it has changed since it was last written. False if that failed: then it holds in memory, and the next write brings all of it.</summary>
    public async ValueTask<bool> SaveAsync()
    {
        if (_path.Length == 0)
            return true;

        await _writing.WaitAsync();
        try
        {
            var (bans, version) = Snapshot();
            if (version > _written)
                BanFile.Write(_path, bans);
            _written = version;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnwritten(e, _path);
            return false;
        }
        finally
        {
            _writing.Release();
        }
    }

    private (IReadOnlyList<Ban> Bans, long Version) Snapshot()
    {
        lock (_lock)
            return (All, _version);
    }

    private void DropExpired()
    {
        var now = _time.GetUtcNow();
        if (_bans.Values.Any(ban => ban.IsOver(now)))
            Keep(ban => !ban.IsOver(now));
    }

    private void Keep(Func<Ban, bool> isKept)
    {
        var kept = _bans.Values.Where(isKept).ToList();
        _bans.Clear();
        _bySubject.Clear();
        _byNameKey.Clear();
        _byAddress.Clear();
        foreach (var ban in kept)
            Index(ban);
    }

    private void Index(Ban ban)
    {
        _bans[ban.Id] = ban;
        if (ban.Subject is not null)
            Index(_bySubject, ban.Subject, ban);
        if (ban.Name is { } name)
            Index(_byNameKey, name.Key, ban);
        if (ban.Address is { } address)
            Index(_byAddress, address, ban);
    }

    private static void Index<TKey>(Dictionary<TKey, Ban> index, TKey key, Ban ban)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var other) || ban.Outlasts(other))
            index[key] = ban;
    }

    [LoggerMessage(LogLevel.Error, "The bans could not be written to {Path}. They hold until the server stops")]
    private partial void LogUnwritten(Exception fault, string path);
}
