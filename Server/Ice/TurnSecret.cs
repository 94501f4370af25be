using System.Text;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Ice;

/// <summary>
/// What this server and the TURN server share. Whoever has it can make credentials, so it is never logged, nor part of an error. A secret in a file can be changed while the
/// server runs: the next credentials are signed with the new one.
/// </summary>
internal sealed partial class TurnSecret(IceOptions options, ILogger<TurnSecret> log)
{
    /// <summary>In bytes. Every client gets pairs of text and signature to try guesses against; below the length of the hash that gets easier (RFC 2104 section 3).</summary>
    public const int MinLength = 20;

    private volatile byte[] _current = TryRead(options, out var secret, out var problem) ? secret : throw new InvalidOperationException(problem);
    private string? _lastProblem;

    public ReadOnlySpan<byte> Current => _current;

    /// <summary>What is wrong with the setting; null if nothing is, or none is set.</summary>
    public static string? ProblemWith(IceOptions options) => TryRead(options, out _, out var problem) ? null : problem;

    /// <summary>Called every second.</summary>
    public void Refresh()
    {
        if (options.TurnSecretFile.Length == 0)
            return;

        if (!TryRead(options, out var secret, out var problem))
        {
            if (problem != _lastProblem)
                LogProblem(problem);
        }
        else if (!secret.AsSpan().SequenceEqual(_current))
        {
            _current = secret;
            LogChanged(options.TurnSecretFile);
        }

        _lastProblem = problem;
    }

    private static bool TryRead(IceOptions options, out byte[] secret, out string? problem)
    {
        (secret, problem) = ([], null);
        if (options.TurnSecretFile.Length > 0 && options.TurnSecret.Length > 0)
            problem = "MeshSignal:Ice:TurnSecret and TurnSecretFile are both set; one of them would be ignored.";
        else if (options.TurnSecretFile.Length > 0)
            problem = ReadFile(options.TurnSecretFile, ref secret);
        else if (options.TurnSecret.Length > 0)
            problem = Check([options.TurnSecret], "MeshSignal:Ice:TurnSecret", ref secret);
        return problem is null;
    }

    private static string? ReadFile(string path, ref byte[] secret)
    {
        try
        {
            var lines = File.ReadLines(path).Take(10).Select(static line => line.Trim()).Where(static line => line.Length > 0);
            return Check([.. lines], $"MeshSignal:Ice:TurnSecretFile {path}", ref secret);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return $"MeshSignal:Ice:TurnSecretFile cannot be read: {e.Message}";
        }
    }

    private static string? Check(string[] secrets, string where, ref byte[] secret)
    {
        if (secrets.Length is 0 or > 2)
            return $"{where} must hold one secret, or two: the one in use and the former.";
        if (secrets.Any(static text => Encoding.UTF8.GetByteCount(text) < MinLength))
            return $"{where} holds a secret that is too short: it must have {MinLength} bytes or more, because every client can try to guess it.";

        secret = Encoding.UTF8.GetBytes(secrets[0]);
        return null;
    }

    [LoggerMessage(LogLevel.Error, "{Problem} The former secret stays in use.")]
    private partial void LogProblem(string? problem);

    [LoggerMessage(LogLevel.Information, "New TURN credentials are signed with the secret that is now in {Path}")]
    private partial void LogChanged(string path);
}
