using MeshSignal.Server.Hosting;
using MeshSignal.Server.Tools;
using Microsoft.Extensions.Options;

// What is no server: a token to try one with, and what would be wrong with one.
if (args is ["token", .. var arguments])
    return await TokenTool.RunAsync(arguments, TimeProvider.System, Console.Out, Console.Error);
if (args is ["check", .. var settings])
    return await CheckTool.RunAsync(settings, TimeProvider.System, Console.Out);

// Settings from appsettings.json, the environment and the arguments; log, web server, and everything that a message passes.
var builder = WebServer.CreateBuilder(args);

// What is wrong with the settings, all of it at once.
var errors = ConfigurationCheck.Errors(builder.Configuration);
if (errors.Count > 0)
{
    foreach (var error in errors)
        await Console.Error.WriteLineAsync(error);
    return 2;
}

try
{
    using var secondSignal = SecondSignal.Watch();
    await WebServer.Build(builder).RunAsync();
    return 0;
}
catch (OptionsValidationException e)
{
    // What the check above cannot see, such as an empty object in a list.
    foreach (var failure in e.Failures)
        await Console.Error.WriteLineAsync(failure);
    return 2;
}
catch (IOException e)
{
    // The address is taken, or is not this machine's: the sentence says it, a stack trace would hide it.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
