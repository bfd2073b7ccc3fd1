// The script of a SharedWorker: nothing is imported from it. Give its URL as `workerUrl` where your bundler cannot.
export {};
