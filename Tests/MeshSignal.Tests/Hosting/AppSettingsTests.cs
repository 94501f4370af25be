using System.Collections;
using System.Globalization;
using MeshSignal.Server.Hosting;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Hosting;

/// <summary>The settings file that is shipped, against the code.</summary>
internal sealed class AppSettingsTests
{
    private readonly IConfigurationRoot _configuration =
        new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

    [Test]
    public void The_file_holds_every_key_with_its_default_and_no_other()
    {
        var keys = _configuration.GetSection(MeshSignalOptions.Section).AsEnumerable(makePathsRelative: true).Where(pair => pair.Value is not null);
        Assert.That(keys.Select(pair => (pair.Key, pair.Value)), Is.EquivalentTo(Flatten(new MeshSignalOptions(), "")));
    }

    [Test]
    public void The_file_is_a_valid_configuration() => Assert.That(ConfigurationCheck.Errors(_configuration), Is.Empty);

    [Test]
    public void Nothing_else_is_in_it_but_the_log() =>
        Assert.That(_configuration.GetChildren().Select(section => section.Key), Is.EquivalentTo([MeshSignalOptions.Section, "Serilog"]));

    private static IEnumerable<(string Key, string? Value)> Flatten(object options, string path) =>
        options.GetType().GetProperties().SelectMany(property =>
        {
            var (value, key) = (property.GetValue(options)!, path + property.Name);
            return value is not Enum && value.GetType().Assembly == typeof(MeshSignalOptions).Assembly
                ? Flatten(value, $"{key}:")
                : [(key, value is IList { Count: 0 } ? "" : Convert.ToString(value, CultureInfo.InvariantCulture))];
        });
}
