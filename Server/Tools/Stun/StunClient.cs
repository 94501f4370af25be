using MeshSignal.Server.Ice;

namespace MeshSignal.Server.Tools.Stun;

/// <summary>Asks a STUN or TURN server, one thing after the other.</summary>
/// <param name="credentials">Null where none are needed.</param>
internal sealed class StunClient(StunLink link, TurnCredentials? credentials, TimeProvider time)
{
    /// <summary>How long one answer is waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    // A datagram may be lost, so it is sent again, each time after a longer wait (RFC 8489 section 6.2.1). Together they are the patience.
    private static readonly TimeSpan[] DatagramWaits = [TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.5)];
    private static readonly TimeSpan[] StreamWaits = [Patience];

    private (string Realm, string Nonce)? _challenge;

    /// <summary>Something came that was no message of STUN.</summary>
    public bool HasHeardGarbage { get; private set; }

    /// <summary>The server wanted credentials before it did anything.</summary>
    public bool WasChallenged => _challenge is not null;

    /// <summary>Null if no answer comes.</summary>
    /// <remarks>The first request is answered with what to sign the next ones for, and repeated; so is one for which that has become too old (438).</remarks>
    public async Task<StunMessage?> RequestAsync(int type, params (int Type, byte[] Value)[] attributes)
    {
        var wasChallenged = WasChallenged;
        var answer = await ExchangeAsync(new StunMessage(type, attributes));
        if (credentials is null || answer is null || (answer.Code != 438 && (answer.Code != 401 || wasChallenged)))
            return answer;
        if (answer.FindText(StunMessage.Realm) is not { } realm || answer.FindText(StunMessage.Nonce) is not { } nonce)
            return answer;

        _challenge = (realm, nonce);
        return await ExchangeAsync(new StunMessage(type, attributes));
    }

    private async Task<StunMessage?> ExchangeAsync(StunMessage request)
    {
        var bytes = credentials is not null && _challenge is { } challenge
            ? request.WriteSigned(credentials.Username, challenge.Realm, challenge.Nonce, credentials.Credential)
            : request.Write();
        foreach (var wait in link.IsReliable ? StreamWaits : DatagramWaits)
        {
            using var end = new CancellationTokenSource(wait, time);
            try
            {
                await link.SendAsync(bytes, end.Token);
                while (true)
                {
                    var message = await link.ReceiveAsync(end.Token);
                    if (message?.Answers(request) == true)
                        return message;

                    HasHeardGarbage |= message is null;
                    if (message is null && link.IsReliable)
                        return null; // Where the next message begins nobody knows.
                }
            }
            catch (OperationCanceledException)
            {
                // The wait is over: once more, or not.
            }
        }

        return null;
    }
}
