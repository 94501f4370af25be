using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

/// <summary>An array that goes back to the pool too early would give one peer's messages to another.</summary>
internal sealed class RentedArrayTests
{
    [Test]
    public void It_is_there_until_the_last_holder_lets_go()
    {
        var array = new RentedArray(100);
        array.Hold();
        array.LetGo();
        Assert.That(array.Hold, Throws.Nothing);
    }

    [Test]
    public void It_does_not_go_back_while_somebody_holds_it()
    {
        var array = new RentedArray(1000);
        array.Hold();
        array.LetGo();
        var others = Enumerable.Range(0, 100).Select(static _ => new RentedArray(1000)).ToList();
        Assert.That(others.Exists(other => other.Bytes.Span.Overlaps(array.Bytes.Span)), Is.False);
    }

    [Test]
    public void To_let_go_twice_is_a_fault()
    {
        var array = new RentedArray(100);
        array.LetGo();
        Assert.That(array.LetGo, Throws.InvalidOperationException);
    }

    [Test]
    public void What_went_back_cannot_be_held()
    {
        var array = new RentedArray(100);
        array.LetGo();
        Assert.That(array.Hold, Throws.InvalidOperationException);
        Assert.That(array.LetGo, Throws.InvalidOperationException, "nor does who tried hold it");
    }

    [Test]
    public void Who_held_what_went_back_holds_nothing_of_those_that_come_after_it()
    {
        var former = new RentedArray(100);
        former.LetGo();
        var others = Enumerable.Range(0, 100).Select(static _ => new RentedArray(100)).ToList();
        Assert.That(former.LetGo, Throws.InvalidOperationException);
        Assert.That(former.Hold, Throws.InvalidOperationException);
        foreach (var other in others)
            Assert.That(other.LetGo, Throws.Nothing);
    }

    [Test]
    public void What_is_no_array_can_be_held_and_let_go()
    {
        var none = default(RentedArray);
        none.Hold();
        none.LetGo();
        none.LetGo();
        Assert.That(none.Bytes.IsEmpty);
    }

    [Test]
    public void It_goes_back_once_when_all_let_go_at_the_same_time()
    {
        const int holders = 8;
        for (var round = 0; round < 1000; round++)
        {
            var array = new RentedArray(100);
            for (var more = 1; more < holders; more++)
                array.Hold();
            Parallel.For(0, holders, _ => array.LetGo());
            Assert.That(array.LetGo, Throws.InvalidOperationException);
        }
    }
}
