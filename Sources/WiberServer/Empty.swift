import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals
import Yams
