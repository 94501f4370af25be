using System.Diagnostics;
using System.Text.Json;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Protocol;

namespace MeshSignal.Bench.Scenarios;

/// <summary>What decoding a message costs beside reading the same bytes with <see cref="Utf8JsonReader"/>: the reason for a scanner of our own.</summary>
internal static class ScanScenario
{
    private const int Messages = 100_000;

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        Console.WriteLine($"scan: {options.Rounds} rounds of {Messages} messages each, after one that does not count; µs for each message, median (min-max)");
        foreach (var shape in new[] { Shape.Candidate, Shape.Offer })
        {
            var message = shape.Message(new string('a', 64), "bob");
            var (codec, reader) = (new List<double>(), new List<double>());
            for (var round = 0; round <= options.Rounds; round++)
            {
                cancel.ThrowIfCancellationRequested();
                var (byCodec, byReader) = (Time(message, Decode), Time(message, Read));
                if (round == 0) continue;
                codec.Add(byCodec);
                reader.Add(byReader);
            }

            var ratio = Spread.Of(codec.Zip(reader, static (ours, theirs) => ours / theirs)).Text("F2");
            Console.WriteLine(
                $"{shape.Name,-9} {message.Length,5} bytes  codec {Spread.Of(codec).Text("F2")}  Utf8JsonReader {Spread.Of(reader).Text("F2")}  ratio {ratio}");
        }
    }

    private static double Time(byte[] message, Func<byte[], bool> step)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Messages; i++)
            if (!step(message))
                throw new BenchException("a message was not understood");
        return watch.Elapsed.TotalMicroseconds / Messages;
    }

    private static bool Decode(byte[] message) => MessageCodec.TryDecode(message, out _, out _);

    /// <summary>Nothing but walking over the text: no member is looked for.</summary>
    private static bool Read(byte[] message)
    {
        var reader = new Utf8JsonReader(message);
        while (reader.Read())
        {
        }

        return reader.BytesConsumed == message.Length;
    }
}
