//! Asks every node why it answers as it does.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use api::Explainer;
use api_types::node::WHY_PATH;
use api_types::why::{NodeWhy, WhyList, WhyQuestion};
use purge::{Nodes, Question};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(3);

pub struct AllNodes(pub Nodes);

impl Explainer for AllNodes {
    fn explain<'a>(
        &'a self,
        url: &'a Url,
        question: &'a WhyQuestion,
    ) -> Pin<Box<dyn Future<Output = WhyList> + Send + 'a>> {
        Box::pin(async move {
            let asked = Question { path: WHY_PATH, body: question, patience: PATIENCE };
            let answers = self.0.ask_all(asked).await.into_iter();
            let nodes = answers.map(|(node, answer)| match answer {
                Ok(explanation) => NodeWhy::Explained(Box::new(explanation)),
                Err(why) => NodeWhy::Unknown { node, why },
            });
            WhyList { url: url.to_string(), nodes: nodes.collect() }
        })
    }
}
