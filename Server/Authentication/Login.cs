using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Authentication;

/// <summary>Finds out who comes in: by the join token in the request, by the session that it had until now, or by its first message, for which it has a deadline.</summary>
internal sealed class Login(Authenticator authenticator, Readiness readiness, MeshSignalOptions options, TimeProvider time)
{
    // Of messages before the one that counts. Nobody has a reason to send more.
    private const int MostMessages = 20;

    /// <summary>No identity if that cannot be found out: then the connection is being closed.</summary>
    public async ValueTask<Judgement> IdentifyAsync(ConnectionRequest request, Connection connection)
    {
        if (HasCredential(request))
            return await TakeAsync(Judge(request, null), connection);
        if (!options.Authentication.Required)
            return new Judgement(Identity.Anonymous);
        if (connection.Profile == Profile.V1)
            return await WaitAsync(request, connection);

        // A legacy client has no message for it.
        Close(connection, new Refusal(ErrorCode.NotAuthenticated) { Text = "Authentication required." }, null);
        return default;
    }

    /// <param name="proven">Who its former session was, if it had one: that is enough, and while its address is blocked it counts alone.</param>
    public Judgement Judge(ConnectionRequest request, Identity? proven)
    {
        if (proven is not null && !HasCredential(request))
            return new Judgement(proven);

        var judgement = authenticator.Judge(request.Credential!, request.Address, proven);
        return proven is not null && judgement.Refusal?.Code == ErrorCode.RateLimited ? new Judgement(proven) : judgement;
    }

    /// <summary>Closes a connection whose credential is not good, when that has been kept back long enough.</summary>
    public async ValueTask RefuseAsync(Judgement judgement, Connection connection, RequestId? id = null)
    {
        try
        {
            await Task.Delay(judgement.Delay, time, readiness.Stopping);
        }
        catch (OperationCanceledException)
        {
            // The server stops, and waits for nobody who has shown a wrong credential.
        }

        Close(connection, judgement.Refusal!, id);
    }

    /// <summary>Nobody was let in with it.</summary>
    public void GiveBack(Judgement judgement) => authenticator.GiveBack(judgement);

    /// <summary>Where no keys are set a credential means nothing: a gateway may have added one that is its own business.</summary>
    private bool HasCredential(ConnectionRequest request) => request.Credential is not null && options.Authentication.Keys.Count > 0;

    private async ValueTask<Judgement> TakeAsync(Judgement judgement, Connection connection, RequestId? id = null)
    {
        if (judgement.Refusal is not null)
            await RefuseAsync(judgement, connection, id);
        return judgement;
    }

    private async ValueTask<Judgement> WaitAsync(ConnectionRequest request, Connection connection)
    {
        connection.Deliver(MessageCodec.Encode(new HeartbeatConfigMessage(
            (int)options.Heartbeat.Interval.TotalMilliseconds, (int)options.Heartbeat.Timeout.TotalMilliseconds)));
        await using var deadline = time.CreateTimer(_ => Expire(connection), null, options.Authentication.Deadline, Timeout.InfiniteTimeSpan);
        await using var stopping = readiness.Stopping.Register(() => connection.Close(CloseCode.ServiceRestart, "the server restarts"));
        for (var left = MostMessages; left > 0 && await connection.ReceiveAsync() is { } next; left--)
        {
            using var received = next;
            if (!MessageCodec.TryDecode(received.Message, out var message, out var failure))
                Tell(connection, new Refusal(ErrorCode.NotAuthenticated), failure.RequestType, failure.Id);
            else if (message is not AuthenticateMessage authenticate)
                Tell(connection, new Refusal(ErrorCode.NotAuthenticated), message.Type, message.Id);
            else
                return await TakeFirstAsync(authenticate, request, connection, deadline);
        }

        if (connection.End is null)
            connection.Close(CloseCode.PolicyViolation, "too many messages before a credential");
        return default;
    }

    private async ValueTask<Judgement> TakeFirstAsync(AuthenticateMessage message, ConnectionRequest request, Connection connection, ITimer deadline)
    {
        deadline.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var judgement = await TakeAsync(authenticator.Judge(message.Credential, request.Address, null), connection, message.Id);

        // Its deadline, or the server, may have come to an end at the same moment.
        if (connection.Closing is not null)
        {
            authenticator.GiveBack(judgement);
            return default;
        }

        if (message.Id is { } id)
            connection.Deliver(MessageCodec.Encode(new AckMessage(id)));
        return judgement;
    }

    private void Expire(Connection connection)
    {
        Tell(connection, new Refusal(ErrorCode.NotAuthenticated), null, null);
        connection.Close(CloseCode.AuthenticationDeadline, "no credential came in time");
    }

    private void Close(Connection connection, Refusal refusal, RequestId? id)
    {
        Tell(connection, refusal, id is null ? null : MessageTypes.Authenticate, id);
        connection.Close(refusal.Code.Retryable ? CloseCode.TryAgainLater : CloseCode.BadToken, refusal.Code.Wire);
    }

    private void Tell(Connection connection, Refusal refusal, string? requestType, RequestId? id)
    {
        var text = refusal.Text ?? refusal.Code.Text;
        connection.Deliver(MessageCodec.Encode(connection.Profile == Profile.Legacy
            ? new SystemMessage(text)
            : new ErrorMessage(text, refusal.Code, refusal.Code.Retryable, time.GetUtcNow(), requestType, id)));
    }
}
