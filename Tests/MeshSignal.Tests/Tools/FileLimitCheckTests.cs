using MeshSignal.Server.Tools.Checks;

namespace MeshSignal.Tests.Tools;

/// <summary>Whether there can be as many sockets as the settings say.</summary>
internal sealed class FileLimitCheckTests
{
    [TestCase("1024", 1000, "wrong  Files: 1024 may be open, too few")]
    [TestCase("1256", 1000, "note   Files: 1256 may be open, enough for 1000 connections, but")]
    [TestCase("3505", 1000, "note   ")]
    [TestCase("3506", 1000, "ok     Files: 3506 may be open, enough for 1000 connections.")]
    [TestCase("524288", 1_000_000, "wrong  ")]
    [TestCase("unlimited", 1_000_000, "ok     Files: no limit")]
    public void The_hard_limit_is_held_against_the_connections(string hard, int connections, string finding)
    {
        var limits = $"Limit                     Soft Limit           Hard Limit           Units     \nMax core file size        0                    "
            + $"unlimited            bytes     \n"
            + $"Max open files            17                   {hard,-20} files     \nMax locked memory         8388608              8388608              "
            + $"bytes     \n";
        Assert.That(FileLimitCheck.Judge(limits, connections).ToString(), Does.StartWith(finding));
    }

    [Test]
    public void What_is_not_said_is_not_guessed() =>
        Assert.That(FileLimitCheck.Judge("", 500).ToString(), Does.StartWith("note   Files: this system does not say").And.Contains("500"));

    /// <summary>One socket, for which every system has room.</summary>
    [Test]
    [Platform("Linux")]
    public void This_process_has_a_limit_that_can_be_read() => Assert.That(FileLimitCheck.Check(1).ToString(), Does.StartWith("ok     Files: "));
}
