using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Tests.Policy;

/// <summary>Descriptions made of sections of which it is known what they send, whole or spoiled in one place.</summary>
internal sealed class SdpMediaPropertyTests
{
    // Case n is made from FirstSeed + n: the seed in a failure makes its description again.
    private const int FirstSeed = 30_000_000;
    private const int Cases = 100_000;

    private static readonly string[] Fillers =
        ["c=IN IP4 0.0.0.0", "b=AS:30", "a=mid:0", "a=rtpmap:96 VP8/90000", "a=msid:a b", "i=sendrecv", "a=x-sendrecv", "a=ssrc:1 cname:recvonly"];

    private static readonly string[] Spoilers =
    [
        "", " a=mid:0", "\ta=mid:0", "M=video 9 x y", " m=video 9 x y", "a=x\ra=y", "a=x\0", "a=caf\u00e9", "A=recvonly", "mid", "a= mid", "a=x\u2029a=y",
    ];

    [Test]
    public void What_is_sent_is_what_the_sections_were_made_to_send()
    {
        var (whole, spoiled) = (new int[4], 0);
        for (var seed = FirstSeed; seed < FirstSeed + Cases; seed++)
        {
            var random = new Random(seed);
            var (lines, expected) = Description(random);
            if (random.Next(4) == 0)
            {
                lines.Insert(random.Next(1, lines.Count + 1), Pick(random, Spoilers));
                var hasSections = lines.Exists(static line => line.TrimStart().StartsWith("m=", StringComparison.OrdinalIgnoreCase));
                expected = hasSections ? MediaTypes.Audio | MediaTypes.Video : MediaTypes.None;
                spoiled++;
            }
            else
            {
                whole[(int)expected]++;
            }

            var end = random.Next(2) == 0 ? "\r\n" : "\n";
            var sdp = string.Concat(lines.Select(line => line + end));
            Assert.That(SdpMedia.SentBy(Encoding.UTF8.GetBytes(sdp)), Is.EqualTo(expected), $"seed {seed}:\n{sdp}");
        }

        TestContext.Out.WriteLine($"{string.Join(" + ", whole)} whole, {spoiled} spoiled");
        Assert.That(whole, Is.All.GreaterThan(Cases / 20), "else it would prove nothing");
    }

    private static (List<string> Lines, MediaTypes Sent) Description(Random random)
    {
        var (lines, sent) = (new List<string> { "v=0", "s=-" }, MediaTypes.None);
        if (random.Next(4) == 0)
            lines.Add(Pick(random, ["a=sendrecv", "a=recvonly", "a=inactive", "a=bundle-only"]));
        for (var sections = random.Next(5); sections > 0; sections--)
            sent |= AddSection(random, lines);
        return (lines, sent);
    }

    private static MediaTypes AddSection(Random random, List<string> lines)
    {
        var (name, media) = Pick(
            random, [("audio", MediaTypes.Audio), ("video", MediaTypes.Video), ("VIDEO", MediaTypes.Video), ("application", MediaTypes.None)]);
        var (attributes, isSilent) = Pick<(string[], bool)>(random,
        [
            ([], false), (["a=sendrecv"], false), (["a=sendonly"], false), (["a=recvonly"], true), (["a=inactive"], true), (["a=recvonly"], true),
            (["a=recvonly", "a=sendrecv"], false), (["a=sendonly", "a=inactive"], false), (["a=RECVONLY"], false),
        ]);
        var (port, isRejected) = Pick(random, [("9", false), ("54400", false), ("0", true), ("00", false)]);
        var isBundled = random.Next(3) == 0;
        lines.Add($"m={name} {port} UDP/TLS/RTP/SAVPF 96");
        var rest = new List<string>(attributes);
        if (isBundled)
            rest.Add("a=bundle-only");
        for (var fillers = random.Next(4); fillers > 0; fillers--)
            rest.Add(Pick(random, Fillers));
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rest));
        lines.AddRange(rest);
        return isSilent || (isRejected && !isBundled) ? MediaTypes.None : media;
    }

    private static T Pick<T>(Random random, T[] items) => items[random.Next(items.Length)];
}
