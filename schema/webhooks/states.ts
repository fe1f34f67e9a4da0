export const deliveryStates = ['waiting', 'delivered', 'dead'] as const
