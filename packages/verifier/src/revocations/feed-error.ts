/** What is wrong with a connection, in our own words: what others throw can quote what it was given. */
export class FeedError extends Error {}

/** What was said cannot be understood, so nothing that came before it can be relied on to be complete. */
export class MalformedError extends FeedError {}
