/** What `latchkey decode --help` says after its options. */
export const DECODE_HELP = `
Nothing leaves this machine; --jwks with an address fetches the keys, and sends nothing of the token.

A token on the command line is seen by other users in the list of processes, and stays in the history of
the shell. Better pipe it in:  pbpaste | latchkey decode   or   latchkey decode - < FILE

Decoding is not verifying: without --jwks or --key, anyone may have written what is shown. With them the
signature is checked, but neither issuer, audience nor revocation: that is for your API.

Exit codes: 0 decoded, and the signature holds if it was to be checked; 1 it does not hold, cannot be
checked, or the keys cannot be had; 2 this is no token.`
