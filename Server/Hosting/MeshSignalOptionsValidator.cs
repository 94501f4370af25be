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
        return errors.Build();
    }
}
