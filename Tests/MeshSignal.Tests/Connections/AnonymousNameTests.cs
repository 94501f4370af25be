using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

internal sealed class AnonymousNameTests
{
    [Test]
    public async Task After_20_collisions_a_generated_name_has_a_further_digit()
    {
        var tried = new List<string>();
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        cluster.IsTakenElsewhere = name =>
        {
            tried.Add(name.Value);
            return tried.Count <= 20;
        };

        using var peer = await server.ConnectLegacyAsync(null);

        Assert.That(peer.Name, Does.Match("^Anonymous[1-9][0-9]{4}$"));
        Assert.That(tried.Take(20), Is.All.Match("^Anonymous[1-9][0-9]{3}$"));
    }

    [Test]
    public async Task After_19_collisions_it_has_four()
    {
        var tries = 0;
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        cluster.IsTakenElsewhere = _ => ++tries <= 19;

        using var peer = await server.ConnectLegacyAsync(null);

        Assert.That(peer.Name, Does.Match("^Anonymous[1-9][0-9]{3}$"));
    }

    [Test]
    public async Task Anonymous_clients_get_different_names()
    {
        await using var server = await TestServer.StartAsync();
        var names = new List<string>();
        for (var i = 0; i < 50; i++)
            names.Add((await server.ConnectAsync(null)).Name);

        Assert.That(names, Is.Unique);
        await server.StopAsync();
    }
}
