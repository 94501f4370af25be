using FsCheck;
using FsCheck.Fluent;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>The rules of RFC 6455 section 5, and ours, on bytes. They come whole, byte by byte and in random pieces; the verdict must be one.</summary>
internal sealed class FrameHeadersTests
{
    private readonly FakeClock _clock = new();

    [TestCaseSource(typeof(FrameHeaderCases), nameof(FrameHeaderCases.Lawful))]
    public void What_is_lawful_passes(byte[] bytes) => Assert.That(VerdictOnAnySplit(bytes), Is.Null);

    [TestCaseSource(typeof(FrameHeaderCases), nameof(FrameHeaderCases.Unlawful))]
    public void What_is_not_is_named_with_its_close_code(CloseCode expected, byte[] bytes)
    {
        var violation = VerdictOnAnySplit(bytes);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(violation?.Code, Is.EqualTo(expected), violation?.Reason);
            Assert.That(violation?.Reason, Is.Not.Empty);
        }
    }

    [Test]
    public void The_verdict_does_not_depend_on_how_the_bytes_are_split()
    {
        var frames =
            from opcode in Gen.Frequency((4, Gen.Elements(Text, Continuation)), (2, Gen.Elements(Ping, Pong)), (1, Gen.Elements(Close, Binary, 0x5)))
            from length in Gen.Frequency((8, Gen.Choose(0, 200)), (1, Gen.Choose(30_000, 66_000)))
            from isFinal in Gen.Frequency((3, Gen.Constant(true)), (2, Gen.Constant(false)))
            from isMasked in Gen.Frequency((40, Gen.Constant(true)), (1, Gen.Constant(false)))
            from form in Gen.Frequency((20, Gen.Constant(LengthForm.Shortest)), (1, Gen.Elements(LengthForm.Bits16, LengthForm.Bits64)))
            select Frame(opcode, length, isFinal, isMasked, form: form);
        var streams =
            from stream in frames.NonEmptyListOf()
            from sizes in Gen.Choose(1, 300).NonEmptyListOf()
            select (Bytes: stream.SelectMany(frame => frame).ToArray(), Sizes: sizes.ToArray());
        Prop.ForAll(streams.ToArbitrary(), stream =>
        {
            var (whole, split) = (New(), New());
            var verdict = whole.Follow(stream.Bytes);
            Assert.That(Feed(split, stream.Bytes, stream.Sizes), Is.EqualTo(verdict));
            Assert.That((split.IsPeerClosed, split.MessageBytes), Is.EqualTo((whole.IsPeerClosed, whole.MessageBytes)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Test]
    public void A_length_is_refused_before_a_byte_of_the_payload_is_there()
    {
        var headers = New();
        var header = Header(Text, 65_537);
        Assert.That(headers.Follow(header.AsSpan(..^5)), Is.Null);
        Assert.That(headers.Follow(header.AsSpan(^5..))?.Code, Is.EqualTo(CloseCode.MessageTooBig));
    }

    [Test]
    public void The_limits_are_the_operators()
    {
        var headers = new FrameHeaders(maxMessageBytes: 10, maxFragments: 1, _clock);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(headers.Follow(Frame(Text, 10)), Is.Null);
            Assert.That(headers.Follow(Frame(Text, 5, isFinal: false)), Is.Null);
            Assert.That(headers.Follow(Frame(Continuation, 5))?.Code, Is.EqualTo(CloseCode.PolicyViolation));
            Assert.That(new FrameHeaders(10, 1, _clock).Follow(Header(Text, 11))?.Code, Is.EqualTo(CloseCode.MessageTooBig));
        }
    }

    [Test]
    public void A_close_is_seen_once_it_is_whole()
    {
        var headers = New();
        var close = Frame(Close, 20);
        headers.Follow([.. Frame(Text, 9), .. Frame(Ping, 0), .. close[..^1]]);
        Assert.That(headers.IsPeerClosed, Is.False);
        headers.Follow(close.AsSpan(^1..));
        Assert.That(headers.IsPeerClosed);
    }

    [Test]
    public void A_close_stays_seen_whatever_follows()
    {
        var headers = New();
        headers.Follow([.. Frame(Close, 0), .. Frame(Text, 3)]);
        Assert.That(headers.IsPeerClosed);
    }

    [Test]
    public void The_length_of_a_message_is_that_of_all_its_frames()
    {
        var headers = New();
        headers.Follow(Frame(Text, 300, isFinal: false));
        headers.Follow(Frame(Ping, 100));
        headers.Follow(Frame(Continuation, 200));
        Assert.That(headers.MessageBytes, Is.EqualTo(500));
        headers.Follow(Frame(Text, 7));
        Assert.That(headers.MessageBytes, Is.EqualTo(7));
    }

    private FrameHeaders New() => new(FrameHeaderCases.MaxMessageBytes, FrameHeaderCases.MaxFragments, _clock);

    private FrameViolation? VerdictOnAnySplit(byte[] bytes)
    {
        var verdict = New().Follow(bytes);
        Assert.That(Feed(New(), bytes, [1]), Is.EqualTo(verdict), "byte by byte");
        for (var seed = 0; seed < 5; seed++)
        {
            var random = new System.Random(seed);
            int[] sizes = [.. Enumerable.Range(0, 50).Select(_ => random.Next(1, 200))];
            Assert.That(Feed(New(), bytes, sizes), Is.EqualTo(verdict), $"in pieces, seed {seed}");
        }

        return verdict;
    }

    /// <summary>In pieces of these sizes, over and over.</summary>
    private static FrameViolation? Feed(FrameHeaders headers, ReadOnlySpan<byte> bytes, int[] sizes)
    {
        for (var i = 0; !bytes.IsEmpty; i++)
        {
            var piece = bytes[..Math.Min(sizes[i % sizes.Length], bytes.Length)];
            if (headers.Follow(piece) is { } violation)
                return violation;
            bytes = bytes[piece.Length..];
        }

        return null;
    }
}
