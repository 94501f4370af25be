using System.Net;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Tests.Support;
using static MeshSignal.Server.Policy.ConnectionVerdict;

namespace MeshSignal.Tests.Policy;

internal sealed class ConnectionLimitsTests
{
    private static readonly ClientAddress Alice = Address("192.0.2.1");
    private static readonly ClientAddress Bob = Address("192.0.2.2");

    private readonly FakeClock _clock = new();

    [Test]
    public void An_address_may_have_so_many_sockets_and_is_told_about_the_next_which_counts_until_it_ends()
    {
        var limits = New(perAddress: 3);
        var places = Enter(limits, Alice, 3, Ok);
        using var told = Enter(limits, Alice, TooManyFromAddress);
        places[0].Dispose();
        using var toldAgain = Enter(limits, Alice, TooManyFromAddress);
        told.Dispose();
        toldAgain.Dispose();
        using var last = Enter(limits, Alice, Ok);
        Enter(limits, Bob, Ok).Dispose();
    }

    [Test]
    public void A_place_is_given_back_once_however_often_it_is_disposed_of()
    {
        var limits = New(perAddress: 2);
        var places = Enter(limits, Alice, 2, Ok);
        places[0].Dispose();
        places[0].Dispose();
        Enter(limits, Alice, Ok);
        Enter(limits, Alice, TooManyFromAddress);
        Assert.That(limits.Open, Is.EqualTo(3));
    }

    [Test]
    public void Beyond_twice_its_sockets_an_address_is_not_even_told()
    {
        var limits = New(perAddress: 2);
        Enter(limits, Alice, 2, Ok);
        var told = Enter(limits, Alice, 2, TooManyFromAddress);
        using var refused = Enter(limits, Alice, Flood, mayResume: true);
        Assert.That(refused.RetryAfter, Is.GreaterThan(TimeSpan.Zero));
        refused.Dispose();
        Enter(limits, Alice, Flood);
        told[0].Dispose();
        Enter(limits, Alice, TooManyFromAddress);
    }

    [Test]
    public void New_sockets_of_an_address_are_counted_for_ten_seconds_those_that_have_ended_too()
    {
        var limits = New(perWindow: 2);
        Enter(limits, Alice, Ok).Dispose();
        _clock.Advance(TimeSpan.FromSeconds(4));
        Enter(limits, Alice, Ok).Dispose();
        Assert.That(Enter(limits, Alice, Flood).RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(6)));
        Enter(limits, Bob, Ok);
        _clock.Advance(TimeSpan.FromSeconds(6) - TimeSpan.FromTicks(1));
        Enter(limits, Alice, Flood);
        _clock.Advance(TimeSpan.FromTicks(1));
        Enter(limits, Alice, Ok);
        Assert.That(Enter(limits, Alice, Flood).RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(4)), "what was refused is not counted");
    }

    [Test]
    public void Who_says_that_it_comes_back_is_let_through_to_show_it_up_to_twice_its_sockets_more()
    {
        var limits = New(perAddress: 3, perWindow: 1);
        Enter(limits, Alice, Ok, mayResume: true).Dispose();
        foreach (var place in Enumerable.Range(0, 6).Select(_ => Enter(limits, Alice, TooManyFromAddress, mayResume: true)))
            place.Dispose();
        Enter(limits, Alice, Flood, mayResume: true);
        _clock.Advance(ConnectionLimits.Window);
        Enter(limits, Alice, Ok, mayResume: true);
    }

    [Test]
    public void A_full_server_tells_whoever_comes_some_more_and_then_nobody_but_those_who_come_back()
    {
        var limits = New(max: 200);
        Enter(limits, null, 200, Ok);
        var told = Enter(limits, null, 100, Full);
        Enter(limits, null, Flood);
        Enter(limits, Alice, Flood);
        var returning = Enumerable.Range(0, 200).Select(_ => Enter(limits, null, Full, mayResume: true)).ToList();
        Enter(limits, null, Flood, mayResume: true);
        foreach (var place in told.Concat(returning))
            place.Dispose();
        Enter(limits, null, Full).Dispose();
        Assert.That(limits.Open, Is.EqualTo(200));
    }

    [Test]
    public void A_large_server_tells_a_quarter_more()
    {
        var limits = New(max: 800);
        Enter(limits, null, 800, Ok);
        Enter(limits, null, 200, Full);
        Enter(limits, null, Flood);
    }

    [Test]
    public void Whose_address_is_not_limited_is_under_the_limit_on_the_total_only()
    {
        var limits = New(max: 60, perAddress: 1, perWindow: 1);
        Enter(limits, null, 60, Ok);
        Enter(limits, null, Full);
        Assert.That(limits.Addresses, Is.Zero);
    }

    [Test]
    public void An_address_may_have_as_many_pending_connections_as_pages_need_and_some_more_are_told_that_it_has_too_many()
    {
        var limits = New(perAddress: 3, perWindow: 2);
        var places = EnterPending(limits, Alice, 12, Ok);
        EnterPending(limits, Alice, TooManyFromAddress).Dispose();
        _clock.Advance(TimeSpan.FromSeconds(4));
        var told = EnterPending(limits, Alice, TooManyFromAddress);
        Assert.That(EnterPending(limits, Alice, Flood).RetryAfter, Is.GreaterThan(TimeSpan.Zero));
        EnterPending(limits, Bob, Ok).Dispose();
        Assert.That(limits.Pending, Is.EqualTo(13), "of whom is refused at once nothing is left");

        _clock.Advance(TimeSpan.FromSeconds(6));
        EnterPending(limits, Alice, TooManyFromAddress).Dispose();
        EnterPending(limits, Alice, Flood);
        places[0].Dispose();
        places[0].Dispose();
        EnterPending(limits, Alice, Flood);
        told.Dispose();
        EnterPending(limits, Alice, Ok);
        EnterPending(limits, Alice, Flood);
    }

    [Test]
    public void By_default_an_address_may_have_120_pending_connections()
    {
        var limits = new ConnectionLimits(new MeshSignalOptions(), _clock);
        EnterPending(limits, Alice, 120, Ok);
        EnterPending(limits, Alice, TooManyFromAddress);
    }

    [Test]
    public void An_address_may_have_as_many_pending_connections_as_sockets_if_that_is_more()
    {
        var limits = New(perAddress: 13, perWindow: 2);
        EnterPending(limits, Alice, 13, Ok);
        EnterPending(limits, Alice, TooManyFromAddress);
    }

    [Test]
    public void Pending_connections_and_sockets_do_not_count_to_each_others_limit()
    {
        var limits = New(max: 200, perAddress: 1, perWindow: 1);
        EnterPending(limits, Alice, 6, Ok);
        Enter(limits, Alice, Ok);
        EnterPending(limits, Bob, 5, Ok);
        Enter(limits, Bob, Ok);
        EnterPending(limits, Bob, Ok);
        EnterPending(limits, Bob, TooManyFromAddress);
        Assert.That((limits.Open, limits.Pending), Is.EqualTo((2, 13)));
    }

    [Test]
    public void There_are_no_more_pending_connections_in_total_than_there_may_be_sockets()
    {
        var limits = New(max: 10);
        var places = EnterPending(limits, Alice, 6, Ok);
        EnterPending(limits, Bob, 4, Ok);
        EnterPending(limits, Bob, Flood);
        EnterPending(limits, Address("192.0.2.3"), Flood);
        Assert.That(limits.Addresses, Is.EqualTo(2));
        Enter(limits, Alice, Ok);
        places[0].Dispose();
        EnterPending(limits, Bob, Ok);
    }

    [Test]
    public void While_limits_are_only_tried_pending_connections_are_counted_and_let_in()
    {
        var options = Options(max: 20, perAddress: 1, perWindow: 1);
        options.Limits.DryRun = true;
        var limits = new ConnectionLimits(options, _clock);
        EnterPending(limits, Alice, 6, Ok);
        Assert.That(EnterPending(limits, Alice, 14, Ok).Select(place => place.Finding), Is.EqualTo(Enumerable.Repeat(Flood, 13).Prepend(TooManyFromAddress)));
        Assert.That((EnterPending(limits, Bob, Ok).Finding, limits.Pending), Is.EqualTo((Flood, 21)));
    }

    [Test]
    public void An_address_that_has_had_no_socket_is_forgotten_with_its_last_pending_connection()
    {
        var limits = New(perAddress: 1, perWindow: 1);
        var places = EnterPending(limits, Alice, 2, Ok);
        places[0].Dispose();
        Assert.That(limits.Addresses, Is.EqualTo(1));
        places[1].Dispose();
        Assert.That(limits.Addresses, Is.Zero);

        using (EnterPending(limits, Bob, Ok))
            Enter(limits, Bob, Ok).Dispose();
        Assert.That(limits.Addresses, Is.EqualTo(1));
        Enter(limits, Bob, Flood).Dispose();
        _clock.Advance(TimeSpan.FromSeconds(9));
        var again = EnterPending(limits, Bob, Ok);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(limits.Addresses, Is.EqualTo(1));
        again.Dispose();
        _clock.Advance(ConnectionLimits.Window);
        Assert.That(limits.Addresses, Is.Zero);
    }

    [Test]
    public void Of_more_addresses_than_can_be_remembered_pending_connections_are_under_the_limit_on_the_total_only()
    {
        var limits = new ConnectionLimits(Options(20, 1, 1), _clock, mostAddresses: 1);
        EnterPending(limits, Alice, Ok);
        EnterPending(limits, Bob, 19, Ok);
        EnterPending(limits, Bob, Flood);
        Assert.That(limits.Addresses, Is.EqualTo(1));
    }

    [Test]
    public void Addresses_of_one_ipv6_network_are_one_and_an_ipv4_address_is_the_same_in_ipv6()
    {
        var limits = New(perAddress: 1);
        Enter(limits, Address("2001:db8::1"), Ok);
        Enter(limits, Address("2001:db8::ffff:1"), TooManyFromAddress);
        Enter(limits, Address("2001:db8:0:1::1"), Ok);
        Enter(limits, Alice, Ok);
        Enter(limits, Address("::ffff:192.0.2.1"), TooManyFromAddress);
    }

    [Test]
    public void An_address_is_forgotten_when_its_last_socket_has_been_gone_for_ten_seconds()
    {
        var limits = New();
        var places = Enter(limits, Alice, 2, Ok);
        _clock.Advance(TimeSpan.FromHours(1));
        places[0].Dispose();
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.That(limits.Addresses, Is.EqualTo(1));
        places[1].Dispose();
        _clock.Advance(ConnectionLimits.Window - TimeSpan.FromTicks(1));
        Assert.That(limits.Addresses, Is.EqualTo(1));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(limits.Addresses, Is.Zero);
    }

    [Test]
    public void One_that_has_come_again_meanwhile_is_not()
    {
        var limits = New(perAddress: 1);
        Enter(limits, Alice, Ok).Dispose();
        _clock.Advance(TimeSpan.FromSeconds(5));
        var place = Enter(limits, Alice, Ok);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Enter(limits, Alice, TooManyFromAddress).Dispose();
        place.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(limits.Addresses, Is.EqualTo(1));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(limits.Addresses, Is.Zero);
    }

    [Test]
    public void Of_more_addresses_than_can_be_remembered_the_later_ones_are_under_the_limit_on_the_total_only()
    {
        var limits = new ConnectionLimits(Options(20, 1, 1), _clock, mostAddresses: 2);
        var alice = Enter(limits, Alice, Ok);
        Enter(limits, Bob, Ok);
        var carol = Address("192.0.2.3");
        Enter(limits, carol, 18, Ok);
        Enter(limits, carol, Full);
        Enter(limits, Bob, Flood);
        Assert.That(limits.Addresses, Is.EqualTo(2));

        alice.Dispose();
        _clock.Advance(ConnectionLimits.Window);
        Enter(limits, carol, Full);
        Enter(limits, carol, Flood);
    }

    [Test]
    public void Many_at_once_get_no_more_than_there_is()
    {
        var limits = New(max: 1000, perAddress: 100, perWindow: 1000);
        var verdicts = new System.Collections.Concurrent.ConcurrentBag<ConnectionVerdict>();
        Parallel.For(0, 400, _ => verdicts.Add(limits.Enter(Alice, mayResume: false).Verdict));
        Assert.That(verdicts.GroupBy(verdict => verdict).ToDictionary(group => group.Key, group => group.Count()),
            Is.EquivalentTo(new Dictionary<ConnectionVerdict, int> { [Ok] = 100, [TooManyFromAddress] = 100, [Flood] = 200 }));
    }

    private static ClientAddress Address(string text) => new(IPAddress.Parse(text));

    private static MeshSignalOptions Options(int max, int perAddress, int perWindow) =>
        new() { Limits = new() { MaxConnections = max, ConnectionsPerAddress = perAddress, NewConnectionsPerAddress = perWindow } };

    private ConnectionLimits New(int max = 10_000, int perAddress = 50, int perWindow = 20) => new(Options(max, perAddress, perWindow), _clock);

    private static List<ConnectionPlace> EnterPending(ConnectionLimits limits, ClientAddress address, int count, ConnectionVerdict expected) =>
        [.. Enumerable.Range(0, count).Select(_ => EnterPending(limits, address, expected))];

    private static ConnectionPlace EnterPending(ConnectionLimits limits, ClientAddress address, ConnectionVerdict expected)
    {
        var place = limits.EnterPending(address);
        Assert.That(place.Verdict, Is.EqualTo(expected));
        return place;
    }

    private static List<ConnectionPlace> Enter(ConnectionLimits limits, ClientAddress? address, int count, ConnectionVerdict expected) =>
        [.. Enumerable.Range(0, count).Select(_ => Enter(limits, address, expected))];

    private static ConnectionPlace Enter(ConnectionLimits limits, ClientAddress? address, ConnectionVerdict expected, bool mayResume = false)
    {
        var place = limits.Enter(address, mayResume);
        Assert.That(place.Verdict, Is.EqualTo(expected));
        return place;
    }
}
