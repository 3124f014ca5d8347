// The golden models on the TensorFlow.js device, backend 'cpu'. It computes slowly, so that each model is taken one of
// the two ways.

process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:cpu';
process.env.CHATBOT_TRAIN_TEST_WAYS = 'one';
await import('./goldens.test.js');
