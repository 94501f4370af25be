using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Tools.Checks;
using Microsoft.Extensions.Options;

namespace MeshSignal.Server.Tools;

/// <summary>Looks at everything that a server with these settings would depend on, and says what it finds. No secret is ever in that.</summary>
internal static class CheckTool
{
    private const int Fine = 0;
    private const int SomethingIsWrong = 1;
    private const int SettingsAreWrong = 2;

    /// <param name="args">Settings, as the server takes them.</param>
    /// <returns>What the process ends with: 0, 2 if the settings are wrong by themselves, 1 if something else is.</returns>
    public static async Task<int> RunAsync(string[] args, TimeProvider time, TextWriter output)
    {
        var builder = WebServer.CreateBuilder(args);
        builder.Services.AddSingleton(time);
        var problems = new List<string>(ConfigurationCheck.Errors(builder.Configuration));
        var listening = ListeningAddress.Read(builder.Configuration, problems);
        if (problems.Count > 0)
            return await EndAsync(problems, output);

        await using var app = builder.Build();
        try
        {
            var options = app.Services.GetRequiredService<MeshSignalOptions>();
            await output.WriteLineAsync(Finding.Ok("The settings contradict neither themselves nor each other.").ToString());
            var isWrong = false;
            await foreach (var finding in FindAsync(options, listening, app, time))
            {
                await output.WriteLineAsync(finding.ToString());
                isWrong |= finding.Severity == Severity.Wrong;
            }

            return isWrong ? SomethingIsWrong : Fine;
        }
        catch (OptionsValidationException e)
        {
            return await EndAsync(e.Failures, output);
        }
    }

    private static async IAsyncEnumerable<Finding> FindAsync(
        MeshSignalOptions options, IReadOnlyList<ListeningAddress> listening, WebApplication app, TimeProvider time)
    {
        foreach (var address in listening)
            if (await PortCheck.CheckAsync(address, time) is { } finding)
                yield return finding;

        Finding[] findings =
        [
            .. new AccessCheck(options, listening).Run(),
            .. new CertificateCheck(app.Environment.ContentRootPath, time).Run(app.Configuration, listening),
            FileLimitCheck.Check(options.Limits.MaxConnections),
            .. RelayCheck.Run(options),
        ];
        foreach (var finding in findings)
            yield return finding;

        await foreach (var finding in new IceCheck(options, app.Services.GetRequiredService<IceServerProvider>(), time).RunAsync())
            yield return finding;
    }

    private static async Task<int> EndAsync(IEnumerable<string> problems, TextWriter output)
    {
        foreach (var problem in problems)
            await output.WriteLineAsync(Finding.Wrong(problem).ToString());
        return SettingsAreWrong;
    }
}
